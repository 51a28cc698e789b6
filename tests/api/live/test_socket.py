"""WebSockets over real HTTP."""

import contextlib
import json
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from api.service import Service
from api.settings import Settings
from tests.api.harness import candle, make_service, served, wait_until
from tests.api.live.harness import Kafka
from tests.api.live.test_sse import clients, sample, time_ms

Message = dict[str, Any]

pytestmark = pytest.mark.usefixtures("kafka")  # all was read, so that nobody waits for the past


def talk(address: str) -> ClientConnection:
    return connect(f"{address.replace('http', 'ws')}/ws", proxy=None, compression=None)


def ask(socket: ClientConnection, *channels: str, **more: object) -> None:
    socket.send(json.dumps({"type": "subscribe", "channels": channels, **more}))


def hear(socket: ClientConnection) -> Message:
    found: Message = json.loads(socket.recv(timeout=20))
    return found


def hear_end(socket: ClientConnection) -> tuple[list[Message], int]:
    """All messages until the service closes, and the code it closes with."""
    found: list[Message] = []
    try:
        while True:
            found.append(hear(socket))
    except ConnectionClosed as error:
        return found, error.rcvd.code if error.rcvd else 0


def test_it_tells_what_was_asked_for_last(kafka: Kafka, address: str) -> None:
    kafka.send(candle("A", close=1.0), candle("B", close=2.0))
    with talk(address) as socket:
        ask(socket, "candles.1m", symbols=["A"])
        first = hear(socket)
        assert (first["type"], first["seq"], first["last"]) == ("snapshot", 1, True)
        assert [row["symbol"] for row in first["rows"]["candles.1m"]] == ["A"]
        ask(socket, "finals.1m", symbols=["B"], snapshot=1)
        second = hear(socket)
        assert (second["type"], second["seq"]) == ("snapshot", 2)
        assert list(second["rows"]) == ["finals.1m"]
        kafka.send(candle("A", close=3.0), candle("B", close=4.0, final=False))
        kafka.send(candle("B", close=5.0, revision=1))
        third = hear(socket)
        assert (third["type"], third["seq"]) == ("updates", 3)
        assert [(name, row["close"]) for name, row in third["updates"]] == [("finals.1m", 5.0)]


def test_it_goes_on_from_a_cursor_of_either_transport(kafka: Kafka, address: str) -> None:
    with talk(address) as socket:
        ask(socket, "candles.1m")
        cursor = hear(socket)["cursor"]
    kafka.send(candle(close=7.0))
    with talk(address) as socket:
        ask(socket, "candles.1m", cursor=cursor)
        assert [row["close"] for _, row in hear(socket)["updates"]] == [7.0]


def test_a_ping_has_a_pong(address: str) -> None:
    with talk(address) as socket:
        socket.send('{"type": "ping"}')
        assert hear(socket) == {"type": "pong", "seq": 1}


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("{", "truncated"),
        ("[]", "Expected `object`"),
        ("{}", "missing required field `type`"),
        ('{"type": "trade"}', "Invalid value 'trade'"),
        ('{"type": "subscribe"}', "missing required field `channels`"),
        ('{"type": "subscribe", "channels": []}', "expected at least one"),
        ('{"type": "subscribe", "channels": ["x"]}', "there is no channel 'x'"),
        ('{"type": "subscribe", "channels": ["book"], "symbols": ["*"]}', "whole symbols"),
        ('{"type": "subscribe", "channels": ["book"], "snapshot": -1}', ">= 0"),
        ('{"type": "subscribe", "channels": ["book"], "cursor": "x"}', "cursor: expected one"),
        ('{"type": "subscribe", "channels": ["book"], "all": true}', "unknown field `all`"),
        (b"\x00", "expected a message of text"),
    ],
)
def test_a_bad_message_gets_an_error_and_the_stream_goes_on(
    address: str, text: str | bytes, detail: str
) -> None:
    with talk(address) as socket:
        ask(socket, "candles.1m")
        assert hear(socket)["type"] == "snapshot"
        socket.send(text)
        error = hear(socket)
        assert (error["type"], error["seq"]) == ("error", 2)
        assert (error["problem"]["status"], error["problem"]["title"]) == (422, "Bad parameter")
        assert detail in error["problem"]["detail"]
        socket.send('{"type": "ping"}')
        assert hear(socket)["type"] == "pong"


def test_a_message_that_is_too_long_ends_it(service: Service, address: str) -> None:
    with talk(address) as socket:
        socket.send("x" * 70_000)
        assert hear_end(socket) == ([], 1009)
    wait_until(lambda: clients(service, "websocket") == 0)


def test_there_is_a_heartbeat_even_before_anything_is_asked() -> None:
    service = make_service(time_ms, settings=Settings(stream_heartbeat_ms=50))
    with served(service) as address, talk(address) as socket:
        assert [hear(socket)["type"] for _ in range(2)] == ["heartbeat"] * 2


def test_limits_hold_for_both_transports_together() -> None:
    service = make_service(settings=Settings(stream_max_per_address=1))
    with served(service) as address:
        with talk(address):
            wait_until(lambda: clients(service, "websocket") == 1)
            with talk(address) as second:
                (error,), code = hear_end(second)
            assert (error["problem"]["status"], code) == (429, 1013)
            assert error["problem"]["type"] == "urn:tapeline:too-many-streams"
        wait_until(lambda: clients(service, "websocket") == 0)
        with talk(address) as socket:
            socket.send('{"type": "ping"}')
            assert hear(socket)["type"] == "pong"


def test_one_that_does_not_read_is_closed_with_a_code_of_its_own() -> None:
    service = make_service(time_ms, settings=Settings(stream_queue_messages=3))
    kafka = Kafka(service)
    with served(service) as address, talk(address) as socket:
        ask(socket, "candles.1m")
        hear(socket)
        deadline = time.monotonic() + 60
        while sample(service, "cut_off_total") == 0:
            assert time.monotonic() < deadline
            kafka.send(*(candle(f"S{m}") for m in range(300)))
        messages, code = hear_end(socket)
        assert (messages[-1]["type"], code) == ("slow", 4008)
    wait_until(lambda: clients(service, "websocket") == 0)


def test_sockets_end_at_once_when_the_service_stops(service: Service, kafka: Kafka) -> None:
    with contextlib.ExitStack() as open_ones:
        with served(service) as address:
            sockets = [open_ones.enter_context(talk(address)) for _ in range(3)]
            for socket in sockets:
                ask(socket, "candles.1m")
                hear(socket)
            told = time.monotonic()
        assert time.monotonic() - told < 1
        assert [hear_end(socket) for socket in sockets] == [([], 1012)] * 3
    assert clients(service, "websocket") == 0
