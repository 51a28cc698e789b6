"""Requests that begin slowly, or with too much."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from api.security import requests
from tests.api.harness import make_service, served, wait_until

SECONDS = 0.3


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    monkeypatch.setattr(requests, "HEADERS_SECONDS", SECONDS)
    with served(make_service()) as address:
        to = urlsplit(address)
        with socket.create_connection((to.hostname, to.port), timeout=10) as line:
            yield line


def answer(line: socket.socket, sent: bytes) -> bytes:
    """What comes back for this: all of a JSON, or nothing if the line is closed."""
    line.sendall(sent)
    came = b""
    while not came.endswith(b"}") and (part := line.recv(65_536)):
        came += part
    return came


HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc", b"G"])
def test_a_request_that_does_not_begin_is_given_up(line: socket.socket, sent: bytes) -> None:
    assert answer(line, sent) == b""


def test_nor_does_one_that_drips(line: socket.socket) -> None:
    sent = 0

    def is_closed() -> bool:
        nonlocal sent
        try:
            line.sendall(b"x")
            sent += 1
        except OSError:
            return True
        return False

    line.sendall(b"GET /")
    wait_until(is_closed, 10)
    assert sent < 1_000


def test_the_next_request_of_a_connection_must_come_in_time_too(line: socket.socket) -> None:
    for _ in range(3):
        assert b"200 OK" in answer(line, HEALTH)
    assert answer(line, HEALTH[:20]) == b""


@pytest.mark.parametrize(("count", "size"), [(200, 1), (5, 5_000), (5_000, 1)])
def test_many_headers_and_long_ones_are_refused(line: socket.socket, count: int, size: int) -> None:
    many = b"".join(b"X-%d: %s\r\n" % (n, b"x" * size) for n in range(count))
    assert b" 431 " in answer(line, HEALTH[:-2] + many + b"\r\n").split(b"\r\n")[0]


def test_headers_that_never_end_are_refused(line: socket.socket) -> None:
    line.sendall(HEALTH[:-2])
    with pytest.raises(ConnectionError):
        line.sendall((b"X-Long: " + b"x" * 8_000 + b"\r\n") * 1_000)


def test_usual_headers_pass(line: socket.socket) -> None:
    some = b"".join(b"X-%d: %s\r\n" % (n, b"x" * 100) for n in range(50))
    assert b" 200 " in answer(line, HEALTH[:-2] + some + b"\r\n").split(b"\r\n")[0]
