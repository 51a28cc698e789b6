"""How much a request may bring, and how slowly."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import Body, FastAPI, Request
from starlette.types import Message, Receive, Scope, Send

from api import errors
from api.security import bodies
from api.security.bodies import LINGER_BYTES, BodyGate
from tests.api.harness import make_service, served
from tests.api.security.harness import answer_ok, ask, request
from tests.api.test_errors import problem


def gate(patience: float = 10) -> BodyGate:
    return BodyGate(answer_ok, 10, {"/upload": 100}, patience)


def parts(*sizes: int) -> list[Message]:
    last = len(sizes) - 1
    return [
        {"type": "http.request", "body": b"x" * size, "more_body": n < last}
        for n, size in enumerate(sizes)
    ]


def told(sent: list[Message]) -> tuple[int, bytes]:
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize(
    ("path", "sizes", "status"),
    [
        ("/", [10], 200),
        ("/", [11], 413),
        ("/", [5, 5, 0], 200),
        ("/", [5, 5, 1], 413),
        ("/", [0], 200),
        ("/upload", [50, 50], 200),
        ("/upload", [50, 51], 413),
        ("/uploads", [11], 413),
    ],
)
def test_bytes_are_counted_as_they_come(path: str, sizes: list[int], status: int) -> None:
    sent = asyncio.run(ask(gate(), request(path, "POST"), *parts(*sizes)))
    assert told(sent)[0] == status
    if status == 200:
        assert told(sent)[1] == str(sum(sizes)).encode()


def test_a_length_that_lies_stops_nothing() -> None:
    scope = request("/", "POST", content_length="3")
    assert told(asyncio.run(ask(gate(), scope, *parts(4, 4, 4))))[0] == 413


@pytest.mark.parametrize("length", ["11", "99999999999999999999"])
def test_a_length_that_is_too_large_is_refused_before_anything_is_read(length: str) -> None:
    sent = asyncio.run(ask(gate(), request("/", "POST", content_length=length), *parts(1)))
    assert told(sent)[0] == 413
    assert (b"connection", b"close") in sent[0]["headers"]


@pytest.mark.parametrize("end", [3, 1_000_000])
def test_the_rest_is_read_for_a_while_so_that_the_client_sees_why(end: int) -> None:
    size, read, sent = 65_536, 0, list[Message]()

    async def receive() -> Message:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x" * size, "more_body": read < end}

    async def send(message: Message) -> None:
        sent.append({**message, "read": read})

    asyncio.run(gate()(request("/", "POST"), receive, send))
    start, answer, last = sent
    assert (start["status"], start["read"], answer["read"]) == (413, 1, 1)
    assert answer["body"]
    assert answer["more_body"]
    assert last["read"] == min(end, 1 + LINGER_BYTES // size)


def test_a_body_that_does_not_come_is_given_up() -> None:
    sent = asyncio.run(ask(gate(0.05), request("/", "POST"), *parts(1, 1)[:1]))
    assert told(sent)[0] == 408


def test_a_body_that_drips_is_given_up_however_steadily() -> None:
    async def drip() -> list[Message]:
        sent: list[Message] = []
        count = 0

        async def receive() -> Message:
            nonlocal count
            count += 1
            await asyncio.sleep(0.02)
            return {"type": "http.request", "body": b"x", "more_body": True}

        async def send(message: Message) -> None:
            sent.append(message)

        slow = BodyGate(answer_ok, 10_000, {}, 0.1)
        await slow(request("/", "POST"), receive, send)
        assert count < 20
        return sent

    assert told(asyncio.run(drip()))[0] == 408


def test_time_that_the_application_takes_is_not_the_clients() -> None:
    async def slow_reader(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.1)
        await answer_ok(scope, receive, send)

    slow = BodyGate(slow_reader, 10, {}, 0.05)
    assert told(asyncio.run(ask(slow, request("/", "POST"), *parts(1, 1))))[0] == 200


def test_after_the_body_a_stream_may_wait_for_ever() -> None:
    left = [*parts(0)]

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    async def stream(_: object, receive: Receive, __: object) -> None:
        await receive()
        async with asyncio.timeout(0.1):
            await receive()

    async def send(_: Message) -> None:
        raise AssertionError("it was refused")

    with pytest.raises(TimeoutError):
        asyncio.run(BodyGate(stream, 10, {}, 0.02)(request(), receive, send))


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """An application whose routes read bodies in two ways, over real HTTP."""
    service = make_service()
    app = FastAPI()
    errors.install(app)
    bodies.install(app)
    app.add_middleware(BodyGate, most=1_000, exceptions={"/stream": 100_000}, patience=10)

    @app.post("/json")
    def json(value: Annotated[list[int], Body()]) -> int:
        return len(value)

    @app.post("/stream")
    async def stream(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    with (
        served(service, app=app) as address,
        httpx.Client(base_url=address, trust_env=False) as client,
    ):
        yield client


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("path", "most"), [("/json", 1_000), ("/stream", 100_000)])
def test_a_route_is_stopped_and_the_client_told(
    client: httpx.Client, path: str, most: int, chunked: bool
) -> None:
    fits, body = b"[" + b"1," * (most // 2 - 2) + b"11]", b" " * (most + 1)

    def content(of: bytes) -> bytes | Iterator[bytes]:
        return (of[n : n + 100] for n in range(0, len(of), 100)) if chunked else of

    headers = {"Content-Type": "application/json"}
    assert len(fits) == most
    assert client.post(path, content=content(fits), headers=headers).status_code == 200
    answer = client.post(path, content=content(body), headers=headers)
    assert answer.status_code == 413
    assert str(most) in problem(answer).detail
    assert problem(answer).type == "urn:tapeline:body-too-large"
    assert answer.headers["connection"] == "close"
    assert client.post(path, content=content(fits), headers=headers).status_code == 200


def test_a_client_that_goes_away_leaves_nothing(client: httpx.Client) -> None:
    address = urlsplit(str(client.base_url))
    with socket.create_connection((address.hostname, address.port)) as line:
        line.sendall(b"POST /stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nabc")
    assert client.post("/stream", content=b"abc").json() == 3
