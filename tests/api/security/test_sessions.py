"""Cookies in place of keys."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.security import keys
from api.security.sessions import COOKIE, LIFE_SECONDS, Sessions
from tests.api.harness import Clock, served
from tests.api.security.harness import bearer, guarded, issue

SECRET = "s" * 32


@pytest.fixture
def key() -> keys.Key:
    return keys.make("desk", ["read"], 0)[1]


def test_a_session_stands_for_its_key_until_it_is_too_old(key: keys.Key) -> None:
    clock = Clock()
    sessions = Sessions("", clock)
    cookie = sessions.begin(key)
    clock.now += LIFE_SECONDS * 1_000
    assert sessions.key_id(cookie) == key.id
    clock.now += 1_000
    assert sessions.key_id(cookie) is None


def test_a_forged_session_is_refused_wherever_it_was_changed(key: keys.Key) -> None:
    sessions = Sessions("", Clock())
    cookie = sessions.begin(key)
    for at in range(len(cookie)):
        for forged in (cookie[:at], cookie[:at] + "~" + cookie[at + 1 :]):
            assert sessions.key_id(forged) is None
    assert sessions.key_id(key.id) is None
    assert sessions.key_id("") is None


def test_an_ended_session_is_refused_and_others_go_on(key: keys.Key) -> None:
    sessions = Sessions("", Clock())
    one, two = sessions.begin(key), sessions.begin(key)
    sessions.end(one)
    sessions.end("nonsense")
    assert sessions.key_id(one) is None
    assert sessions.key_id(two) == key.id


def test_another_instance_takes_it_if_it_has_the_same_secret(key: keys.Key) -> None:
    clock = Clock()
    assert Sessions(SECRET, clock).key_id(Sessions(SECRET, clock).begin(key)) == key.id
    assert Sessions("", clock).key_id(Sessions("", clock).begin(key)) is None


@pytest.fixture
def client(path: Path) -> Iterator[httpx.Client]:
    issue(path, "write")
    with (
        served(guarded(path)) as address,
        httpx.Client(base_url=address, trust_env=False) as client,
    ):
        yield client


def test_a_browser_reads_with_a_cookie_that_scripts_cannot_see(
    client: httpx.Client, path: Path
) -> None:
    assert client.get("/api/symbols").status_code == 401
    answer = client.post("/session", headers=bearer(issue(path, "read", name="desk")))
    assert answer.status_code == 204
    assert not answer.content
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert client.get("/api/symbols").status_code == 200
    assert client.get("/metrics").status_code == 403

    keys.revoke(path, "desk")
    assert client.get("/api/symbols").status_code == 401


def test_a_session_that_was_ended_is_no_good_to_a_thief(client: httpx.Client, path: Path) -> None:
    client.post("/session", headers=bearer(issue(path, "read")))
    stolen = dict(client.cookies)
    own = {"Origin": str(client.base_url).rstrip("/")}
    assert client.delete("/session", headers=own).status_code == 204
    assert not client.cookies
    assert client.get("/api/symbols", headers=cookies(stolen)).status_code == 401


def test_a_session_is_begun_with_a_key_and_by_nothing_else(
    client: httpx.Client, path: Path
) -> None:
    assert client.post("/session").status_code == 401
    assert client.post("/session", headers=bearer("tl_x")).status_code == 401
    key = issue(path, "read")
    assert client.post(f"/session?key={key}").status_code == 400
    assert not client.cookies
    client.post("/session", headers=bearer(key))
    own = {"Origin": str(client.base_url).rstrip("/")}
    assert client.post("/session", headers=own).status_code == 401, "a session makes no other"


def test_a_cookie_is_for_https_where_that_is_spoken(path: Path) -> None:
    key = issue(path, "read")
    service = guarded(path, api_trusted_proxies="127.0.0.1")
    with served(service) as address:
        headers = {**bearer(key), "X-Forwarded-Proto": "https"}
        answer = httpx.post(f"{address}/session", headers=headers, trust_env=False)
    assert "Secure" in answer.headers["set-cookie"].split("; ")


def cookies(values: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in values.items())}
