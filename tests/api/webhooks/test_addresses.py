"""The guard: whatever is not of the public internet is refused, however it is written."""

import socket
from ipaddress import IPv4Address, IPv6Address

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.webhooks.addresses import is_public
from api.webhooks.network import ForbiddenAddressError, Network
from tests.api.harness import alert
from tests.api.webhooks.harness import Receiver, post, to_parcel

NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.0.9"),
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1"),
    *("192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.32.0.1", "192.169.0.1", "223.255.255.1"]


def inside(address: str) -> dict[str, str]:
    """The ways in which an address of IPv6 carries one of IPv4."""
    number = int(IPv4Address(address))
    return {
        "mapped": str(IPv6Address((0xFFFF << 32) | number)),
        "mapped, written out": f"::ffff:{address}",
        "NAT64": str(IPv6Address((0x64FF9B << 96) | number)),
        "6to4": str(IPv6Address((0x2002 << 112) | (number << 80) | 1)),
    }


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_private_and_special_addresses_are_refused_in_every_dress(address: str) -> None:
    assert not is_public(address)
    for dress, text in inside(address).items():
        assert not is_public(text), dress


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_will_do_in_every_dress(address: str) -> None:
    assert is_public(address)
    for dress, text in inside(address).items():
        assert is_public(text), dress


@pytest.mark.parametrize(
    "address",
    [
        *("::", "::1", "::127.0.0.1", "::8.8.8.8", "fe80::1", "fe80::1%eth0", "fec0::1"),
        *("fc00::1", "fd12:3456::1", "ff02::1", "ff0e::1", "2001:db8::1", "3fff::1", "100::1"),
        *("64:ff9b:1::808:808", "2001::1", "2001:10::1", "4000::1", "5f00::1", "localhost", ""),
        *("2606:4700::1111%eth0", "127.1", "0x7f000001", "2130706433", "0177.0.0.1"),
    ],
)
def test_what_is_no_address_of_the_public_internet_is_refused(address: str) -> None:
    assert not is_public(address)


def test_public_addresses_of_ipv6_will_do() -> None:
    assert is_public("2606:4700:4700::1111")
    assert is_public("2a00:1450:4001:80b::200e")


@given(st.ip_addresses(v=6))
def test_of_ipv6_only_global_unicast_and_nat64_will_do(address: IPv6Address) -> None:
    outside = address.exploded[0] not in "23"
    carries = address.ipv4_mapped or address.exploded.startswith("0064:ff9b:0000:0000")
    assert not (outside and not carries and is_public(str(address)))


WRITTEN = [
    *("http://127.0.0.1", "http://2130706433", "http://0x7f000001", "http://0177.0.0.1"),
    *("http://127.1", "http://0x7f.1", "http://[::1]", "http://[::ffff:127.0.0.1]"),
    *("http://[::ffff:7f00:1]", "http://[64:ff9b::7f00:1]", "http://[2002:7f00:1::1]"),
    *("http://0.0.0.0", "http://[::]", "http://localhost", "http://127.0.0.1."),
]


@pytest.mark.parametrize("url", WRITTEN)
def test_no_way_of_writing_an_address_leads_to_this_machine(url: str) -> None:
    with Receiver() as receiver:
        sender = post(f"{url}:{receiver.port}/", Network(allow_private=False, most=5.0))
        answer = sender.send(to_parcel(alert()))
        # Without IPv6 on the machine its resolver knows none of it.
        assert answer.reason in ("forbidden_address", "unreachable")
        assert answer.reason == "forbidden_address" or "[" in url
        assert receiver.requests == []


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["::1"]])
def test_a_name_is_refused_if_any_of_its_addresses_is_not_public(addresses: list[str]) -> None:
    network = Network(allow_private=False, most=5.0, resolve=lambda *_: addresses)
    with pytest.raises(ForbiddenAddressError, match=r"hooks\.test is at"):
        network.connect_tcp("hooks.test", 80)


def test_what_was_checked_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [["1.1.1.1"], ["127.0.0.1"]]  # as of a name that is bound to another address
    connected = []

    def connect(_: socket.socket, address: tuple[str, int]) -> None:
        connected.append(address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    network = Network(allow_private=False, most=5.0, resolve=lambda *_: answers.pop(0))
    network.connect_tcp("hooks.test", 443).close()
    assert connected == [("1.1.1.1", 443)]
    assert answers == [["127.0.0.1"]]  # nobody asked again


def test_a_name_without_an_address_is_unreachable() -> None:
    def resolve(*_: object) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(httpcore.ConnectError, match=r"no address of hooks\.test"):
        Network(allow_private=False, most=5.0, resolve=resolve).connect_tcp("hooks.test", 80)
