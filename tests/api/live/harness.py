"""Streams in tests: a hub that is fed by hand, and clients over real HTTP."""

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec

from api.intake import Intake
from api.live.client import Client
from api.live.cursor import Cursor
from api.live.subscription import Subscription, subscription
from api.records import Alert, Book, Candle, Flow
from api.service import Service

STREAMED = (
    *("candles", "order_flow", "book", "indicators"),
    *("analyzed_market_trends", "anomalies", "quality", "alerts"),
)
Row = dict[str, Any]
DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "candles": msgspec.json.Decoder(Candle),
    "book": msgspec.json.Decoder(Book),
    "order_flow": msgspec.json.Decoder(Flow),
    "alerts": msgspec.json.Decoder(Alert),
}


class Record(NamedTuple):
    """A message of Kafka."""

    offset: int
    value: bytes | None


@dataclass
class Kafka:
    """What a service is given as if it came over Kafka; offsets count by themselves."""

    service: Service
    caught_up: bool = True
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.caught_up:
            self.service.hub.look({}, STREAMED)

    def send(self, *rows: object, topic: str = "candles", partition: int = 0) -> None:
        """One poll of these rows, or bytes."""
        values = [row if isinstance(row, bytes) else msgspec.json.encode(row) for row in rows]
        first = self.offsets.get((topic, partition), 0)
        self.take([Record(first + n, each) for n, each in enumerate(values)], topic, partition)

    def take(self, records: Sequence[Record], topic: str = "candles", partition: int = 0) -> None:
        """One poll of these records."""
        store: dict[str, Any] = {"candles": self.service.store, "book": self.service.books}
        store |= {"order_flow": self.service.flows, "alerts": self.service.alerts}
        intake = Intake(topic, DECODERS[topic], store[topic].put)
        self.service.hub.take(intake, partition, records)
        if records:
            self.offsets[topic, partition] = records[-1].offset + 1


def asked(channels: str, symbols: str = "") -> Subscription:
    return subscription(channels.split(","), symbols.split(","), 1_000)


def enter(
    service: Service,
    channels: str = "candles.1m",
    symbols: str = "",
    count: int = 1,
    since: Cursor | None = None,
) -> Client:
    """A client that was let in, if it could be."""
    client = service.hub.enter(None)
    service.hub.ask(client, asked(channels, symbols), count, since)
    service.hub.round()
    return client


def read(client: Client) -> list[Row]:
    """All that waits for a client, as it would read it over a WebSocket."""
    found: list[Row] = []
    while messages := client.outbox.take_now():
        found += [json.loads(each.text(number)) for number, each in client.numbered(messages)]
    return found


def updates(messages: Sequence[Row]) -> list[tuple[str, Row]]:
    """All updates in messages."""
    return [(channel, row) for each in messages for channel, row in each.get("updates", ())]


class Event(NamedTuple):
    """One event of SSE."""

    type: str
    id: str
    data: Row


class Stream:
    """A client of SSE with a socket of its own, for what HTTP libraries hide."""

    def __init__(self, address: str, headers: dict[str, str] | None = None, **query: object):
        where = urlsplit(address)
        assert where.hostname
        assert where.port
        self.socket = socket.create_connection((where.hostname, where.port), timeout=20)
        lines = [f"GET /stream?{urlencode(query)} HTTP/1.1", f"Host: {where.netloc}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._file = self.socket.makefile("rb")
        try:
            self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
            self._answer()
        except BaseException:
            self.__exit__()
            raise
        self._events = self._read()

    def _answer(self) -> None:
        """Read the head of the answer."""
        self.status = int(self._file.readline().split()[1])
        self.headers: dict[str, str] = {}
        while line := self._file.readline().strip().decode():
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def _lines(self) -> Iterator[str]:
        """The lines of the body, out of its chunks."""
        rest = b""
        while True:
            size = int(self._file.readline() or b"0", 16)
            if size == 0:
                return
            rest += self._file.read(size)
            self._file.readline()
            *lines, rest = rest.split(b"\n")
            yield from (line.decode() for line in lines)

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> Event:
        """The next event, until the service ends them."""
        return next(self._events)

    def _read(self) -> Iterator[Event]:
        fields: dict[str, str] = {}
        for line in self._lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                yield Event(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
                fields = {}
            else:
                fields = {}


@contextmanager
def stream(
    address: str, headers: dict[str, str] | None = None, **query: object
) -> Iterator[Stream]:
    """An open stream: ``with stream(address, channels="candles.1m") as events``."""
    with Stream(address, headers, **query) as found:
        yield found


def take(events: Iterator[Event], kind: str, count: int = 1) -> list[Event]:
    """The next events of a kind; others are left out."""
    found: list[Event] = []
    while len(found) < count:
        each = next(events)
        if each.type == kind:
            found.append(each)
    return found
