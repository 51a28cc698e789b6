"""Pages of others."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.security.callers import Caller
from api.security.origins import OriginGate
from api.settings import Settings
from tests.api.harness import make_service, served
from tests.api.security.harness import answer_ok, ask, bearer, guarded, issue, request
from tests.api.test_errors import problem

FRIEND = "https://friend.example"
FOREIGN = (
    *("http://evil.example", "null", "", "http://127.0.0.1:8000.evil.example", "file://"),
    *("http://127.0.0.1:8001", "http://127.0.0.1", "http://[", FRIEND + ".evil", FRIEND + ":444"),
)


def refused(origin: str | None, method: str = "POST", kind: str = "http", **more: object) -> bool:
    headers = {"host": "127.0.0.1:8000"} | ({} if origin is None else {"origin": origin})
    scope = {**request(method=method, kind=kind, **headers), **more}
    if kind == "websocket":
        del scope["method"]
    gate = OriginGate(answer_ok, [FRIEND])
    sent = asyncio.run(ask(gate, scope, {"type": "http.request"}))
    return sent[0].get("status") == 403 or sent[0]["type"] == "websocket.close"


@pytest.mark.parametrize("origin", FOREIGN)
def test_foreign_pages_change_nothing_and_open_no_websocket(origin: str) -> None:
    for method in ("POST", "DELETE", "PUT", "PATCH", "WHATEVER"):
        assert refused(origin, method)
    assert refused(origin, kind="websocket")


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", FRIEND])
def test_its_own_page_and_friends_do(origin: str) -> None:
    assert not refused(origin)
    assert not refused(origin, kind="websocket")


def test_what_only_reads_is_left_to_the_browser() -> None:
    assert not any(refused("http://evil.example", method) for method in ("GET", "HEAD", "OPTIONS"))


def test_programs_send_no_origin_and_cookies_need_one() -> None:
    for kind in ("http", "websocket"):
        assert not refused(None, kind=kind)
        by_cookie = Caller(None, tried=True, by_cookie=True)
        assert refused(None, kind=kind, caller=by_cookie)
        assert refused("http://evil.example", kind=kind, caller=by_cookie)
        assert not refused("http://127.0.0.1:8000", kind=kind, caller=by_cookie)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    settings = Settings(api_origins=FRIEND)
    with (
        served(make_service(settings=settings)) as address,
        httpx.Client(base_url=address, trust_env=False) as client,
    ):
        yield client


def test_a_service_without_keys_refuses_posts_of_foreign_pages(client: httpx.Client) -> None:
    answer = client.post("/session", headers={"Origin": "http://evil.example"})
    assert problem(answer).type == "urn:tapeline:foreign-origin"


def test_pages_of_friends_may_read_and_of_others_not(client: httpx.Client) -> None:
    told = client.get("/health", headers={"Origin": FRIEND}).headers
    assert told["access-control-allow-origin"] == FRIEND
    assert "access-control-allow-credentials" not in told
    told = client.get("/health", headers={"Origin": "http://evil.example"}).headers
    assert "access-control-allow-origin" not in told


def test_friends_may_send_keys_and_read_refusals(path: Path) -> None:
    key = issue(path, "read")
    with served(guarded(path, api_origins=FRIEND)) as address:
        asked = {
            "Origin": FRIEND,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        }
        answer = httpx.options(f"{address}/api/symbols", headers=asked, trust_env=False)
        assert answer.status_code == 200
        assert "Authorization" in answer.headers["access-control-allow-headers"]
        for headers, status in ((bearer(key), 200), ({}, 401)):
            answer = httpx.get(
                f"{address}/api/symbols", headers={"Origin": FRIEND, **headers}, trust_env=False
            )
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == FRIEND
            exposed = answer.headers["access-control-expose-headers"].split(", ")
            # What leads on from an answer, and what its page is to keep.
            assert {"Link", "ETag", "Location", "X-Request-ID", "Retry-After"} <= set(exposed)


def test_no_page_of_others_may_read_by_default() -> None:
    with served(make_service()) as address:
        told = httpx.get(f"{address}/health", headers={"Origin": FRIEND}, trust_env=False).headers
        assert "access-control-allow-origin" not in told
