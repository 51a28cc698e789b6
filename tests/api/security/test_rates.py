"""How often a caller may ask."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Scope

from api.security.callers import Caller
from api.security.keys import make
from api.security.rates import MOST_CALLERS, RateGate
from api.settings import Settings
from tests.api.harness import make_service, served
from tests.api.security.harness import answer_ok, ask, bearer, guarded, issue, request
from tests.api.test_errors import problem


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def gate(clock: Seconds) -> RateGate:
    return RateGate(answer_ok, reads=3, writes=2, clock=clock)


def asked(gate: RateGate, scope: Scope) -> Message:
    return asyncio.run(ask(gate, scope, {"type": "http.request"}))[0]


def statuses(gate: RateGate, count: int, *scopes: Scope) -> list[int]:
    return [asked(gate, scope)["status"] for scope in scopes for _ in range(count)]


def test_an_address_may_so_much_a_minute_and_reads_and_writes_count_apart(
    gate: RateGate, clock: Seconds
) -> None:
    assert statuses(gate, 4, request()) == [200] * 3 + [429]
    assert statuses(gate, 3, request(method="POST")) == [200] * 2 + [429]
    assert statuses(gate, 1, request(client="192.0.2.2")) == [200]
    clock.now = 60.0
    assert statuses(gate, 4, request()) == [200] * 3 + [429]


def test_keys_count_by_themselves_whatever_the_address(gate: RateGate) -> None:
    one, two = (
        {"caller": Caller(make(name, ["read"], 0)[1], tried=True, by_cookie=False)}
        for name in ("one", "two")
    )
    assert statuses(gate, 2, {**request(), **one}) == [200] * 2
    assert statuses(gate, 2, {**request(client="192.0.2.9"), **one}) == [200, 429]
    assert statuses(gate, 3, {**request(), **two}) == [200] * 3


def test_keys_that_are_not_good_count_by_address(gate: RateGate) -> None:
    wrong = {"caller": Caller(None, tried=True, by_cookie=False)}
    assert statuses(gate, 4, {**request(), **wrong}) == [200] * 3 + [429]
    assert statuses(gate, 1, request()) == [429]


def test_a_network_of_ipv6_is_one_caller_and_ipv4_in_ipv6_is_its_own(gate: RateGate) -> None:
    same = [request(client=f"2001:db8::{n}") for n in range(4)]
    assert statuses(gate, 1, *same) == [200] * 3 + [429]
    assert statuses(gate, 1, request(client="2001:db8:0:1::1")) == [200]
    assert statuses(gate, 3, request(client="::ffff:192.0.2.1")) == [200] * 3
    assert statuses(gate, 1, request(client="192.0.2.1")) == [429]
    assert statuses(gate, 1, request(client="::ffff:192.0.2.2")) == [200]


def test_a_websocket_counts(gate: RateGate) -> None:
    extensions: Scope = {"extensions": {"websocket.http.response": {}}}
    for _ in range(3):
        assert asked(gate, request(kind="websocket"))["type"] == "http.response.start"
    assert asked(gate, {**request(kind="websocket"), **extensions})["status"] == 429
    assert asked(gate, request(kind="websocket"))["type"] == "websocket.close"


def test_whoever_watches_is_never_refused(gate: RateGate) -> None:
    assert set(statuses(gate, 10, request("/health"), request("/ready"))) == {200}


def test_every_answer_says_how_many_are_left(gate: RateGate, clock: Seconds) -> None:
    def told() -> dict[str, str]:
        headers = asked(gate, request())["headers"]
        found = {name.decode(): value.decode() for name, value in headers}
        names = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after")
        return {name: found[name] for name in names if name in found}

    seen = []
    for _ in range(4):
        seen.append(told())
        clock.now += 10
    assert [tuple(each.values()) for each in seen] == [
        ("3", "2", "60"),
        ("3", "1", "50"),
        ("3", "0", "40"),
        ("3", "0", "30", "30"),
    ]


def test_memory_is_bounded_however_many_addresses_ask(gate: RateGate) -> None:
    async def many() -> None:
        for n in range(MOST_CALLERS + 500):
            scope = request(client=f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
            await ask(gate, scope, {"type": "http.request"})

    asyncio.run(many())
    assert len(gate.windows) == MOST_CALLERS


def test_the_limit_holds_over_concurrent_requests(path: Path) -> None:
    key = issue(path, "read")
    service = guarded(path, reads_per_minute=20)
    with (
        served(service) as address,
        httpx.Client(base_url=address, trust_env=False, headers=bearer(key)) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        answers = list(pool.map(lambda _: client.get("/api/symbols"), range(60)))
        assert sorted(each.status_code for each in answers) == [200] * 20 + [429] * 40
        refused = next(each for each in answers if each.status_code == 429)
        assert problem(refused).detail.startswith("at most 20 reads a minute")
        assert client.get("/health").status_code == 200


def test_limits_are_off_where_no_keys_are_asked_for_unless_they_are_set() -> None:
    for limits, expected in (("auto", {200}), ("on", {200, 429}), ("off", {200})):
        settings = Settings(api_limits=limits, reads_per_minute=2)
        with served(make_service(settings=settings)) as address:
            got = [httpx.get(f"{address}/", trust_env=False).status_code for _ in range(4)]
            assert set(got) == expected


@pytest.mark.parametrize(("trusted", "allowed"), [("", 2), ("127.0.0.0/8", 6), ("192.0.2.0/24", 2)])
def test_a_forwarded_address_counts_only_from_proxies_that_are_trusted(
    trusted: str, allowed: int
) -> None:
    settings = Settings(api_limits="on", reads_per_minute=2, api_trusted_proxies=trusted)
    with served(make_service(settings=settings)) as address:
        got = [
            httpx.get(
                f"{address}/",
                headers={"X-Forwarded-For": f"203.0.113.9, 198.51.100.{n}"},
                trust_env=False,
            ).status_code
            for n in range(6)
        ]
    assert got.count(200) == allowed
