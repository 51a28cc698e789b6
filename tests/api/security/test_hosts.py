"""DNS rebinding."""

import asyncio

import httpx
import pytest

from api.security.hosts import HostGate
from api.settings import Settings
from tests.api.harness import make_service, served
from tests.api.security.harness import answer_ok, ask, request
from tests.api.test_errors import problem

OWN = frozenset({"tapeline.example"})
GOOD = ("localhost", "localhost:8000", "127.0.0.1", "127.8.8.8:1", "[::1]:8000", "LOCALHOST")
BAD = (
    *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8000", "", "[::1", ":80"),
    *("a@localhost", "localhost/", "localhost:x", "xlocalhost", "tapeline.example.evil"),
)
ADDRESSES = ("192.0.2.7:8000", "[2001:db8::7]", "10.0.0.1")


async def status(host: str, *, addresses: bool) -> int:
    gate = HostGate(answer_ok, OWN, addresses=addresses)
    sent = await ask(gate, request(host=host), {"type": "http.request"})
    return int(sent[0]["status"])


@pytest.mark.parametrize("addresses", [False, True])
@pytest.mark.parametrize("host", [*GOOD, "tapeline.example", "Tapeline.Example:443"])
def test_its_own_names_are_good(host: str, addresses: bool) -> None:
    assert asyncio.run(status(host, addresses=addresses)) == 200


@pytest.mark.parametrize("addresses", [False, True])
@pytest.mark.parametrize("host", BAD)
def test_all_others_are_refused(host: str, addresses: bool) -> None:
    assert asyncio.run(status(host, addresses=addresses)) == 421


@pytest.mark.parametrize("host", ADDRESSES)
def test_addresses_are_good_where_it_may_have_them(host: str) -> None:
    assert asyncio.run(status(host, addresses=True)) == 200
    assert asyncio.run(status(host, addresses=False)) == 421


def test_a_service_without_keys_refuses_foreign_names_everywhere() -> None:
    with served(make_service()) as address:
        for path in ("/", "/health", "/api/symbols", "/metrics", "/nothing"):
            answer = httpx.get(
                f"{address}{path}", headers={"Host": "evil.example"}, trust_env=False
            )
            assert problem(answer).type == "urn:tapeline:unknown-host"


def test_a_name_of_its_own_is_a_setting() -> None:
    with served(make_service(settings=Settings(api_hosts="tapeline.example"))) as address:
        for host, expected in (("tapeline.example", 200), ("evil.example", 421)):
            answer = httpx.get(f"{address}/health", headers={"Host": host}, trust_env=False)
            assert answer.status_code == expected


def test_a_websocket_is_refused_too() -> None:
    gate = HostGate(answer_ok, frozenset(), addresses=False)
    (closed,) = asyncio.run(ask(gate, request("/ws", kind="websocket", host="evil.example")))
    assert closed == {"type": "websocket.close", "code": 1008}
