"""What the commands of all exchanges do."""

import asyncio
import sys
from collections.abc import Mapping
from threading import Event

import httpx

from scripts.exchanges.adapter import Adapter
from scripts.exchanges.engine import Engine
from scripts.exchanges.limits import Limits
from scripts.sources.errors import BadInputError
from scripts.sources.place import Place
from scripts.sources.preparing import prepare
from scripts.sources.report import Tell, reporting
from scripts.sources.sender import Sender, sending
from scripts.sources.stopping import stopping

REST_S = 10.0
"""The longest wait for an answer of REST."""
LOOK_S = 0.2


def follow(adapter: Adapter, place: Place, since: Mapping[str, int], limits: Limits) -> int:
    """Send the trades of an exchange to Kafka until a signal comes.

    Returns:
        1 if Kafka does not have all of them, else 0.

    Raises:
        SourceError: Kafka is not there, or the exchange has no such symbol.
    """
    prepare(place)
    asyncio.run(check(adapter))
    with (
        stopping() as stop,
        sending(place, stop) as sender,
    ):
        with reporting(sender) as tell:
            engine = asyncio.run(_follow(adapter, sender, since, limits, stop, tell))
            sender.settle()
        counts = engine.counts
        print(counts.line(), flush=True)
        if engine.last:
            print("to go on: " + " ".join(f"--since-id {s}={n}" for s, n in engine.last.items()))
        if counts.unsent:
            print(f"{counts.unsent:,} records were never sent: Kafka was away", file=sys.stderr)
        return 1 if sender.failed or sender.unacknowledged or counts.unsent else 0


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
                raise BadInputError(f"{adapter.exchange} has no symbol {symbol}")
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
