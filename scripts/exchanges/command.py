"""What the commands of all exchanges do."""

import asyncio
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event

import httpx
from kafka.errors import KafkaError

from scripts.exchanges.adapter import Adapter
from scripts.exchanges.engine import Engine
from scripts.exchanges.limits import Limits
from scripts.sources.report import Tell, reporting
from scripts.sources.sender import FLUSH_S, Sender, sending
from scripts.sources.stopping import stopping
from scripts.stack.topics import create_kept

REST_S = 10.0
"""The longest wait for an answer of REST."""
KAFKA_S = 2.0
"""The longest wait for a broker's port at the start."""
LOOK_S = 0.2


class CommandError(Exception):
    """What a person can act on; ``code`` is what the command exits with."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Place:
    """Where trades go.

    Attributes:
        bootstrap_servers: Kafka brokers, host:port,...
        topic: Made if it does not exist.
        partitions: Of it then.
        compression: Of batches; None is none.
    """

    bootstrap_servers: str
    topic: str
    partitions: int
    compression: str | None


def follow(adapter: Adapter, place: Place, since: Mapping[str, int], limits: Limits) -> int:
    """Send the trades of an exchange to Kafka until a signal comes.

    Returns:
        1 if Kafka does not have all of them, else 0.

    Raises:
        CommandError: Kafka is not there, or the exchange has no such symbol.
    """
    prepare(place)
    asyncio.run(check(adapter))
    with (
        stopping() as stop,
        sending(place.bootstrap_servers, place.topic, place.compression, stop) as sender,
    ):
        with reporting(sender) as tell:
            engine = asyncio.run(_follow(adapter, sender, since, limits, stop, tell))
            sender.flush(FLUSH_S)
        counts = engine.counts
        print(counts.line(), flush=True)
        if engine.last:
            print("to go on: " + " ".join(f"--since-id {s}={n}" for s, n in engine.last.items()))
        if counts.unsent:
            print(f"{counts.unsent:,} records were never sent: Kafka was away", file=sys.stderr)
        return 1 if sender.failed or sender.unacknowledged or counts.unsent else 0


def prepare(place: Place) -> None:
    """Make sure that there is a topic to send to."""
    # kafka-python looks for a broker for half a minute.
    if not any(_listens(each) for each in place.bootstrap_servers.split(",")):
        raise CommandError(f"Kafka cannot be reached at {place.bootstrap_servers}", 1)
    try:
        create_kept(place.bootstrap_servers, [place.topic], place.partitions)
    except KafkaError as error:
        raise CommandError(f"Kafka at {place.bootstrap_servers}: {error}", 1) from error


def _listens(server: str) -> bool:
    host, _, port = server.strip().rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), KAFKA_S).close()
    except (OSError, ValueError):
        return False
    return True


async def check(adapter: Adapter) -> None:
    """Binance says nothing of a symbol that it does not have: its stream stays silent."""
    async with _client(adapter) as client:
        for symbol in adapter.symbols:
            path, parameters = adapter.known(symbol)
            try:
                answer = await client.get(path, params=dict(parameters))
            except httpx.HTTPError as error:
                print(f"symbols are not checked, REST does not answer: {error!r}", file=sys.stderr)
                return
            if adapter.is_unknown(answer.status_code, answer.content):
                raise CommandError(f"{adapter.exchange} has no symbol {symbol}", 2)
            await asyncio.sleep(adapter.pause(answer.headers))


def _client(adapter: Adapter) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=adapter.rest_url, headers=adapter.headers, timeout=REST_S, follow_redirects=True
    )


async def _follow(
    adapter: Adapter,
    sender: Sender,
    since: Mapping[str, int],
    limits: Limits,
    stop: Event,
    tell: Tell,
) -> Engine:
    """Follow until it is to stop."""
    async with _client(adapter) as client:
        engine = Engine(adapter, sender, client, since, limits)
        async with engine:
            while not stop.is_set() and await engine.goes_on(LOOK_S):
                tell(" | ".join(filter(None, (engine.counts.line(), engine.trouble()))))
    return engine
