"""Hooks over real HTTP, without a broker: what is refused, filtered and answered."""

import gc
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.gateway.event import Event
from api.gateway.signature import sign
from api.reader import Reading
from api.service import Service
from api.settings import Settings
from tests.api.harness import NOW, HandReader, make_service, served
from tests.api.test_errors import problem
from tests.api.test_main import free_port

SECRET = "It's a Secret to Everybody"
BODY = b'{"action": "opened", "repository": {"full_name": "o/r"}}'
HEADERS = {
    "Content-Type": "application/json",
    "X-GitHub-Event": "issues",
    "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
}
READ_BACK = Reading(answered_at=NOW, caught_up=True, lag={"events": 0})


@contextmanager
def running(**values: object) -> Iterator[tuple[Service, httpx.Client]]:
    """A service with a secret and no broker."""
    values = {
        "github_secret": SECRET,
        "bootstrap_servers": f"127.0.0.1:{free_port()}",
        "publish_timeout_ms": 100,
        **values,
    }
    service = make_service(reader=HandReader(READ_BACK), settings=Settings.model_validate(values))
    with served(service) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield service, client
    gc.collect()  # while that is no error


@pytest.fixture(scope="module")
def hooked() -> Iterator[httpx.Client]:
    with running() as (_, client):
        yield client


def post(client: httpx.Client, body: bytes = BODY, **headers: str) -> httpx.Response:
    """A hook; a header of another name with ``_`` for ``-``, left out if it is empty."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    all_headers = {
        "X-Hub-Signature-256": sign(SECRET.encode(), body),
        **HEADERS,
        **given,
    }
    kept = {name: value for name, value in all_headers.items() if value}
    return client.post("/webhook/github", content=body, headers=kept)


def test_without_a_secret_hooks_are_off_and_say_so(client: httpx.Client) -> None:
    found = problem(post(client))
    assert (found.status, found.title) == (503, "Unavailable")
    assert "TAPELINE_GITHUB_SECRET" in found.detail


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        sign(SECRET.encode(), BODY)[:-1],
        sign(SECRET.encode(), BODY) + "0",
        sign(SECRET.encode(), BODY).upper(),
        sign(SECRET.encode(), BODY).removeprefix("sha256="),
        sign(b"another secret", BODY),
        sign(SECRET.encode(), BODY + b" "),
        "sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest(),
        "sha1=" + sign(SECRET.encode(), BODY).removeprefix("sha256="),
    ],
)
def test_what_is_not_signed_is_refused(hooked: httpx.Client, signature: str) -> None:
    found = problem(post(hooked, X_Hub_Signature_256=signature))
    assert (found.status, found.type) == (401, "urn:tapeline:bad-signature")
    assert SECRET not in found.detail


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, len(BODY) - 1), st.integers(0, 255), st.booleans())
def test_a_body_changed_by_a_byte_or_cut_is_refused(
    hooked: httpx.Client, at: int, byte: int, is_cut: bool
) -> None:
    changed = BODY[:at] if is_cut else BODY[:at] + bytes([byte]) + BODY[at + 1 :]
    if changed == BODY:
        return
    response = post(hooked, changed, X_Hub_Signature_256=sign(SECRET.encode(), BODY))
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("headers", "body", "status", "detail"),
    [
        ({"X_GitHub_Event": ""}, BODY, 422, "X-GitHub-Event"),
        ({"X_GitHub_Delivery": ""}, BODY, 422, "X-GitHub-Delivery"),
        ({"X_GitHub_Delivery": "a b"}, BODY, 422, "X-GitHub-Delivery"),
        ({"X_GitHub_Delivery": "x" * 101}, BODY, 422, "X-GitHub-Delivery"),
        ({"Content_Type": "application/x-www-form-urlencoded"}, BODY, 415, "application/json"),
        ({}, b"payload=%7B%7D", 422, "expected JSON"),
        ({}, b'{"a":"\xff"}', 422, "expected JSON"),
        ({}, b"[]", 422, "a JSON object"),
        ({}, b"[" * 100_000, 422, "expected JSON"),
        ({}, b"{" + b" " * 1_000_000, 413, "at most 1000000 bytes"),
    ],
)
def test_a_signed_hook_that_is_none_is_refused(
    hooked: httpx.Client, headers: dict[str, str], body: bytes, status: int, detail: str
) -> None:
    found = problem(post(hooked, body, **headers))
    assert found.status == status
    assert detail in found.detail


def test_a_ping_is_answered_and_not_published(hooked: httpx.Client) -> None:
    for _ in range(2):
        response = post(hooked, X_GitHub_Event="ping")
        assert (response.status_code, response.json()["published"]) == (200, False)


def test_an_event_that_the_filter_holds_back_is_taken_and_said_so() -> None:
    with running(gateway_kinds="trades,push") as (service, client):
        for _ in range(2):
            response = post(client)
            assert response.status_code == 202
            assert response.json() == {
                "id": HEADERS["X-GitHub-Delivery"],
                "event": "issues",
                "published": False,
                "filtered": True,
            }
        metrics = client.get("/metrics").text
        assert 'tapeline_api_hooks_total{event="(any)",outcome="filtered"} 2.0' in metrics
        assert service.gateway.hooks.events.newest() == []


def test_nothing_is_taken_before_the_topic_is_read_back() -> None:
    with running() as (service, client):
        reader = service.reader
        assert isinstance(reader, HandReader)
        for reading in (
            Reading(),
            replace(READ_BACK, lag={"events": 3}),
            replace(READ_BACK, missing=("events",)),
        ):
            reader.reading = reading
            found = problem(post(client))
            assert (found.status, found.title) == (503, "Unavailable")
            assert "read back" in found.detail


def test_without_a_broker_a_hook_is_not_taken_and_may_come_again() -> None:
    with running() as (_, client):
        for _ in range(2):
            response = post(client)
            assert problem(response).status == 503
            assert response.headers["retry-after"] == "10"


def test_a_delivery_that_is_known_is_refused() -> None:
    with running() as (service, client):
        service.gateway.hooks.deliveries.note(HEADERS["X-GitHub-Delivery"], b"")
        found = problem(post(client))
        assert (found.status, found.type) == (409, "urn:tapeline:replayed-delivery")


def test_events_are_walked_through_by_pages(service: Service, client: httpx.Client) -> None:
    # Of one moment, too.
    events = [Event(f"d-{n}", "push", None, "o/r", "me", NOW + n // 3) for n in range(10)]
    service.gateway.hooks.events.put(events)
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"?limit=4&event=push{cursor and '&cursor='}{cursor}"
        page = client.get(f"/api/events{query}").raise_for_status().json()
        found = [each["id"] for each in page["events"]] + found
        cursor = page["next"]
    assert found == [each.id for each in events]
    assert client.get("/api/events?cursor=made-up").status_code == 422


def test_events_are_asked_for_by_name_repository_and_time(
    service: Service, client: httpx.Client
) -> None:
    events = [
        Event("1", "push", None, "o/r", "me", NOW),
        Event("2", "issues", "opened", "o/r", "me", NOW + 2),
        Event("3", "push", None, "o/s", None, NOW + 1),
    ]
    service.gateway.hooks.events.put(events)

    def ask(query: str = "") -> list[str]:
        return [each["id"] for each in client.get(f"/api/events{query}").json()["events"]]

    assert ask() == ["1", "3", "2"]
    assert ask("?event=push") == ["1", "3"]
    assert ask("?repository=o/r") == ["1", "2"]
    assert ask(f"?from={NOW + 1}&to={NOW + 2}") == ["3"]
    assert ask("?limit=1") == ["2"]
