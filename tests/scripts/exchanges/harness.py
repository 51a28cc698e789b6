"""An engine beside an exchange on loopback, and time that tests drive."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import httpx
import msgspec

from api.backoff import Backoff
from api.breaker import Breaker
from scripts.exchanges.clock import Clock
from scripts.exchanges.engine import Engine
from scripts.exchanges.limits import Limits
from scripts.exchanges.trade import Trade
from scripts.sources.record import Record
from tests.scripts.exchanges.venue import NOON, Venue

T = TypeVar("T")
PATIENCE_S = 30.0
QUICK = Limits(
    silence_s=60.0, quiet_s=600.0, lifetime_s=3_600.0, overlap_s=0.0, grace_s=0.0, tries=3
)
"""Nothing is waited for but what the test is about."""
AT_ONCE = Backoff(0.0, 0.0)
NEVER_OPEN = partial(Breaker, failures=10**6, pause=1.0, most=1.0)


def in_a_loop(coroutine: Coroutine[object, object, T]) -> T:
    """Run it in a thread: that of the tests has a loop already once a browser was started."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


class Sink:
    """Stands in for the sender: takes records, while it is not held."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.open = threading.Event()
        self.open.set()

    def send(self, records: Iterable[Record], /) -> int:
        assert self.open.wait(PATIENCE_S)
        batch = list(records)
        self.records += batch
        return len(batch)

    @property
    def trades(self) -> list[Trade]:
        return [msgspec.json.decode(each.value, type=Trade) for each in self.records]

    def ids(self, symbol: str) -> list[int]:
        return [trade.trade_id for trade in self.trades if trade.symbol == symbol]


class HandClock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.at = 1_000.0
        self.slept: list[float] = []
        self.sleepers: list[tuple[float, asyncio.Future[None]]] = []

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.at, self._sleep)

    async def _sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return await asyncio.sleep(0)
        self.slept.append(seconds)
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.at + seconds, sleeper))
        await sleeper

    def advance(self, seconds: float) -> None:
        self.at += seconds
        for due, sleeper in self.sleepers:
            if due <= self.at and not sleeper.done():
                sleeper.set_result(None)
        self.sleepers = [each for each in self.sleepers if not each[1].done()]


@dataclass
class Run:
    """An engine that runs."""

    engine: Engine
    sink: Sink
    news: list[str] = field(default_factory=list)

    def said(self, part: str) -> bool:
        return any(part in line for line in self.news)


async def until(condition: Callable[[], bool], meanwhile: Callable[[], object] = bool) -> None:
    """Wait until it holds, and do something meanwhile again and again."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came to hold"
        meanwhile()
        await asyncio.sleep(0.001)


@asynccontextmanager
async def following(
    venue: Venue,
    *,
    limits: Limits = QUICK,
    clock: Clock | None = None,
    since: Mapping[str, int] | None = None,
    breaker: Callable[[], Breaker] = NEVER_OPEN,
    ask: Backoff = AT_ONCE,
    connect: Backoff = AT_ONCE,
) -> AsyncIterator[Run]:
    """An engine that follows this exchange; at the end its counts must add up."""
    adapter, sink, news = venue.adapter(), Sink(), list[str]()
    async with httpx.AsyncClient(
        base_url=adapter.rest_url, headers=adapter.headers, trust_env=False
    ) as client:
        engine = Engine(
            *(adapter, sink, client, since or {}, limits),
            clock=clock,
            connect=connect,
            ask=ask,
            breaker=breaker,
            write=news.append,
            wall_ms=lambda: NOON,
        )
        async with engine:
            yield Run(engine, sink, news)
            sink.open.set()
    counts = engine.counts
    new = counts.trades - counts.duplicates
    assert len(sink.records) + counts.unsent == new + counts.forwarded
    if not counts.restarts:
        assert counts.in_gaps == counts.filled + counts.missing
