"""The routes over real HTTP, with a store filled by hand."""

from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.models import (
    AggregationsModel,
    CandlesModel,
    DeadLettersModel,
    HealthModel,
    LedgerModel,
    StatusModel,
    SymbolsModel,
)
from api.records import DECODE, INTERVALS, Candle
from api.service import Service
from tests.api.harness import MINUTE, NOW, TOPICS, Clock, account, candle, dead_letter, source


def starts(response: httpx.Response) -> list[int]:
    assert response.status_code == 200, response.text
    return [each.start for each in CandlesModel.model_validate(response.json()).candles]


def fill(service: Service, count: int) -> None:
    service.store.put(candle(start=NOW + number * MINUTE) for number in range(count))


def test_a_candle_comes_as_it_was_put(service: Service, client: httpx.Client) -> None:
    put = candle(close=0.00001, final=False)
    service.store.put([put])
    (row,) = client.get("/api/candles/BTC/USD").json()["candles"]
    assert msgspec.convert(row, Candle) == put


def test_candles_ascend_and_the_limit_keeps_the_newest(
    service: Service, client: httpx.Client
) -> None:
    fill(service, 600)
    assert starts(client.get("/api/candles/BTC/USD")) == [
        NOW + number * MINUTE for number in range(100, 600)
    ]
    assert starts(client.get("/api/candles/BTC/USD?limit=1")) == [NOW + 599 * MINUTE]


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (str(NOW + MINUTE), str(NOW + 3 * MINUTE)),
        ("2026-01-01T00:01:00Z", "2026-01-01T00:03:00.000Z"),
        ("2026-01-01T01:01:00+01:00", "2025-12-31T19:03:00-05:00"),
    ],
)
def test_a_range_is_given_in_ms_or_rfc_3339(
    service: Service, client: httpx.Client, since: str, until: str
) -> None:
    fill(service, 5)
    response = client.get("/api/candles/BTC/USD", params={"from": since, "to": until})
    assert starts(response) == [NOW + MINUTE, NOW + 2 * MINUTE]
    plain = client.get(f"/api/candles/BTC/USD?from={since}&to={until}")  # "+" not encoded
    assert starts(plain) == starts(response)


def test_forming_candles_can_be_left_out_or_asked_for_alone(
    service: Service, client: httpx.Client
) -> None:
    service.store.put([candle(), candle(start=NOW + MINUTE, final=False)])
    assert starts(client.get("/api/candles/BTC/USD?final=true")) == [NOW]
    assert starts(client.get("/api/candles/BTC/USD?final=false")) == [NOW + MINUTE]


def test_an_interval_without_candles_is_empty(service: Service, client: httpx.Client) -> None:
    service.store.put([candle()])
    assert starts(client.get("/api/candles/BTC/USD?interval=4h")) == []


@pytest.mark.parametrize(
    "symbol",
    ["BTC/USD", "BRK.B", "ES-MAR26", "A%2FB", "100%", "É?#&=", "a b", "x/", "//", "latest"],
)
def test_any_symbol_can_be_asked_for(service: Service, client: httpx.Client, symbol: str) -> None:
    service.store.put([candle(symbol)])
    for path in ("candles", "aggregations"):
        for safe in ("", "/"):  # a slash may be encoded or not
            response = client.get(f"/api/{path}/{quote(symbol, safe=safe)}")
            assert response.status_code == 200, response.text
            assert response.json()["symbol"] == symbol


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=32))
def test_any_text_is_a_symbol_or_a_problem(client: httpx.Client, symbol: str) -> None:
    if set(symbol.split("/")) & {".", ".."}:
        return  # clients resolve these before they send
    response = client.get(f"/api/candles/{quote(symbol, safe='')}")
    assert response.status_code == 404
    assert repr(symbol) in response.json()["detail"]


def test_aggregations_are_the_newest_candle_of_every_interval(
    service: Service, client: httpx.Client
) -> None:
    service.store.put(candle(interval=interval) for interval in INTERVALS)
    service.store.put([candle(start=NOW + MINUTE, final=False)])
    found = AggregationsModel.model_validate(client.get("/api/aggregations/BTC/USD").json())
    assert tuple(found.intervals) == INTERVALS
    assert found.intervals["1m"].start == NOW + MINUTE


def test_symbols_have_their_price_and_its_change(service: Service, client: httpx.Client) -> None:
    service.store.put([candle("B", close=100), candle("A", start=NOW + MINUTE, close=110)])
    service.store.put([candle("A", close=100)])
    found = SymbolsModel.model_validate(client.get("/api/symbols").json())
    assert [each.symbol for each in found.symbols] == ["A", "B"]
    first = found.symbols[0]
    assert (first.last, first.time, first.since) == (110, NOW + MINUTE, NOW)
    assert first.change == pytest.approx(0.1)
    assert first.intervals == ["1m"]


def test_symbols_can_be_searched_and_limited(service: Service, client: httpx.Client) -> None:
    service.store.put(candle(symbol) for symbol in ("ETH/USD", "BTC/USD", "BTC/EUR", "AAPL"))
    found = client.get("/api/symbols?contains=btc&limit=1").json()
    assert found["total"] == 2
    assert [each["symbol"] for each in found["symbols"]] == ["BTC/EUR"]


def test_dead_letters_come_newest_first_with_counts(service: Service, client: httpx.Client) -> None:
    service.dead_letters.put(
        [dead_letter(0, "a"), dead_letter(1, "b"), dead_letter(2, "b", topic="orders")]
    )

    def ask(query: str) -> tuple[list[int], dict[str, int], int]:
        found = DeadLettersModel.model_validate(client.get(f"/api/dead-letters{query}").json())
        return [each.offset for each in found.dead_letters], found.reasons, found.total

    assert ask("") == ([2, 1, 0], {"b": 2, "a": 1}, 3)
    assert ask("?limit=1") == ([2], {"b": 2, "a": 1}, 3)
    assert ask("?reason=b") == ([2, 1], {"b": 2}, 2)
    assert ask("?topic=trades&reason=b") == ([1], {"b": 1}, 1)


def test_the_ledger_says_where_every_record_went(service: Service, client: httpx.Client) -> None:
    service.ledger.put(
        [
            account(DECODE, source(messages=3, records=10, rejected=1)),
            account(3, source(candles=5, duplicates=2, late=1), updated_at=NOW + 1),
        ]
    )
    response = client.get("/api/ledger")
    assert response.status_code == 200, response.text
    LedgerModel.model_validate(response.json(), strict=True)
    counts = {
        "messages": 3,
        "records": 10,
        "candles": 5,
        "duplicates": 2,
        "late": 1,
        "rejected": 1,
        "orders": 0,
        "session": 0,
        "in_flight": 1,
    }
    assert response.json() == {
        "sources": [{"topic": "trades", "partition": 0, **counts}],
        "total": counts,
        "balanced": False,
        "duplicates": {},
        "updated_at": NOW + 1,
    }


def test_the_ledger_names_a_hundred_symbols_unless_told_otherwise(
    service: Service, client: httpx.Client
) -> None:
    duplicates = {f"S{number:04}": 2_000 - number for number in range(1_500)}
    service.ledger.put([account(0, duplicates=duplicates)])
    for query, count in (("", 100), ("?limit=1", 1), ("?limit=1000", 1_000)):
        named = client.get(f"/api/ledger{query}").json()["duplicates"]
        assert list(named.items()) == list(duplicates.items())[:count]


@pytest.mark.parametrize("limit", ["0", "1001", "x"])
def test_a_limit_of_the_ledger_that_is_not_valid_is_told_what_is(
    client: httpx.Client, limit: str
) -> None:
    response = client.get(f"/api/ledger?limit={limit}")
    assert (response.status_code, response.json()["valid"]) == (422, ["1 to 1000"])


def test_health_is_always_200_and_ready_is_not(
    service: Service, client: httpx.Client, clock: Clock
) -> None:
    service.store.put([candle(updated_at=NOW)])
    clock.now = NOW + 250
    ready = client.get("/ready")
    assert ready.status_code == 200
    status = StatusModel.model_validate(ready.json())
    assert (status.ready, status.freshness_seconds) == (True, 0.25)
    assert status.lag == dict.fromkeys(TOPICS, 0)

    clock.now = NOW + 3_600_000
    ready = client.get("/ready")
    assert ready.status_code == 503
    assert ready.headers["content-type"] == "application/problem+json"
    reasons = StatusModel.model_validate(ready.json()).reasons
    assert ready.json()["detail"] == "; ".join(reasons) != ""
    health = client.get("/health")
    assert health.status_code == 200
    assert HealthModel.model_validate(health.json()).reasons == reasons


def value(text: str, metric: str) -> float:
    (line,) = [each for each in text.splitlines() if each.startswith(metric + " ")]
    return float(line.rsplit(" ", 1)[1])


@pytest.mark.parametrize("path", ["/metrics", "/api/metrics"])
def test_metrics_count_requests_by_the_template_of_the_route(
    service: Service, client: httpx.Client, path: str
) -> None:
    service.store.put([candle("A"), candle("B/C")])
    service.dead_letters.put([dead_letter()])
    for asked in ("A", "B/C", "D"):
        client.get(f"/api/candles/{asked}")
    client.get("/.env")
    text = client.get(path).text
    count = "tapeline_api_request_duration_seconds_count"
    template = 'method="GET",route="/api/candles/{symbol}"'
    assert value(text, f'{count}{{{template},status="200"}}') == 2
    assert value(text, f'{count}{{{template},status="404"}}') == 1
    assert value(text, f'{count}{{method="GET",route="(none)",status="404"}}') == 1
    assert value(text, "tapeline_api_symbols") == 2
    assert value(text, "tapeline_api_candles") == 2
    assert value(text, "tapeline_api_dead_letters") == 1
    assert value(text, "tapeline_api_freshness_seconds") == 0
    assert value(text, "tapeline_api_ready") == 1


def test_metrics_have_what_became_of_the_records(service: Service, client: httpx.Client) -> None:
    service.ledger.put([account(DECODE, source(0, records=9, rejected=1), source(1, records=6))])
    service.ledger.put([account(0, source(0, candles=5, duplicates=2), source(1, late=4))])
    text = client.get("/metrics").text
    outcomes = {"candles": 5, "duplicates": 2, "late": 4, "rejected": 1, "in_flight": 3}
    for outcome, records in outcomes.items():
        assert value(text, f'tapeline_api_ledger_records{{outcome="{outcome}"}}') == records


@pytest.mark.parametrize(
    ("path", "kind", "valid"),
    [
        ("interval=2m", "interval: ", list(INTERVALS)),
        ("limit=0", "limit: ", ["1 to 50000"]),
        ("limit=50001", "limit: ", ["1 to 50000"]),
        ("limit=x", "limit: ", ["1 to 50000"]),
        ("final=maybe", "final: ", ["true", "false"]),
        ("from=yesterday", "from: ", ["1767225600000", "2026-01-01T00:00:00Z"]),
        ("to=2026-01-01T00:00:00", "to: ", ["1767225600000", "2026-01-01T00:00:00Z"]),
        ("from=2&to=1", "to: ", ["1767225600000", "2026-01-01T00:00:00Z"]),
        ("intervall=1m", "there is no parameter 'intervall'",
         ["symbol", "limit", "cursor", "from", "to", "format", "interval", "final", "fill"]),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_named_with_what_is_valid(
    client: httpx.Client, path: str, kind: str, valid: list[str]
) -> None:
    response = client.get(f"/api/candles/BTC/USD?{path}")
    problem: dict[str, Any] = response.json()
    assert (response.status_code, problem["title"]) == (422, "Bad parameter")
    assert problem["detail"].startswith(kind)
    assert problem["valid"] == valid
