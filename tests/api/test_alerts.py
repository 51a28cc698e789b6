"""Alerts and webhooks over real HTTP, filled by hand."""

import httpx
import msgspec
import pytest

from api.models import AlertsModel, UndeliveredAlertsModel, WebhooksModel
from api.records import Alert, Undelivered
from api.service import Service
from tests.api.harness import NOW, alert, make_service, served, undelivered
from tests.api.webhooks.harness import Receiver, webhooks_to


def test_alerts_come_as_they_were_put_ascending_by_time(
    service: Service, client: httpx.Client
) -> None:
    service.alerts.put([alert(2), alert(1, symbol="ETH/USD")])
    answer = client.get("/api/alerts").json()
    AlertsModel.model_validate(answer, strict=True)
    expected = [alert(1, symbol="ETH/USD"), alert(2)]
    assert msgspec.convert(answer["alerts"], list[Alert]) == expected


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", [0, 1, 2]),
        (f"?from={NOW + 1}", [1, 2]),
        (f"?to={NOW + 1}", [0]),
        ("?limit=2", [1, 2]),
        ("?rule=gap", [1]),
        ("?symbol=ETH/USD", [2]),
        ("?kind=price", [0, 1, 2]),
        ("?kind=gap", []),
    ],
)
def test_some_are_asked_for(
    service: Service, client: httpx.Client, asked: str, found: list[int]
) -> None:
    service.alerts.put([alert(0), alert(1, rule="gap"), alert(2, symbol="ETH/USD")])
    rows = client.get(f"/api/alerts{asked}").json()["alerts"]
    assert [row["timestamp"] - NOW for row in rows] == found


def test_what_a_recovered_job_says_again_is_there_once(
    service: Service, client: httpx.Client
) -> None:
    service.alerts.put([alert(1), alert(2), alert(1, updated_at=NOW + 9)])
    rows = client.get("/api/alerts").json()["alerts"]
    assert [row["updated_at"] - NOW for row in rows] == [9, 0]


def test_undelivered_alerts_come_newest_first_with_their_reasons(
    service: Service, client: httpx.Client
) -> None:
    put = [undelivered(1), undelivered(2), undelivered(1, "home", "too_old"), undelivered(1)]
    service.undelivered.put(put)
    answer = client.get("/api/webhooks/dead").json()
    UndeliveredAlertsModel.model_validate(answer, strict=True)
    assert msgspec.convert(answer["undelivered"], list[Undelivered]) == [put[2], put[1], put[0]]
    assert (answer["total"], answer["reasons"]) == (3, {"unavailable": 2, "too_old": 1})
    assert client.get("/api/webhooks/dead?target=desk&limit=1").json()["total"] == 2
    assert client.get("/api/webhooks/dead?reason=too_old").json()["total"] == 1
    assert client.get("/api/webhooks/dead?reason=sleepy").status_code == 422


def test_each_webhook_is_told_of_without_what_its_url_may_hide() -> None:
    with Receiver() as receiver:
        webhooks = webhooks_to(receiver.url + "?token=hidden-token")
        with (
            served(make_service(webhooks=webhooks)) as address,
            httpx.Client(base_url=address, trust_env=False) as client,
        ):
            answer = client.get("/api/webhooks")
    WebhooksModel.model_validate(answer.json(), strict=True)
    (row,) = answer.json()["webhooks"]
    assert (row["name"], row["host"], row["breaker"]) == ("desk", "127.0.0.1", "closed")
    assert "hidden" not in answer.text


def test_prometheus_sees_what_is_kept(service: Service, client: httpx.Client) -> None:
    service.alerts.put([alert(1), alert(2)])
    service.undelivered.put([undelivered()])
    lines = client.get("/metrics").text.splitlines()
    assert {"tapeline_api_alerts 2.0", "tapeline_api_undelivered_alerts 1.0"} <= set(lines)


@pytest.mark.parametrize("path", ["alerts", "webhooks", "webhooks/dead"])
def test_where_alerts_are_off_there_are_none(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/api/{path}")
    assert answer.status_code == 200
    assert [] in answer.json().values()
