"""All the parts of a source, and its beginning and end."""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Self

import httpx

from api.backoff import Backoff
from api.breaker import Breaker
from scripts.exchanges.adapter import Adapter
from scripts.exchanges.clock import Clock
from scripts.exchanges.counts import Counts
from scripts.exchanges.delivery import Delivery, Sending
from scripts.exchanges.filler import Filler
from scripts.exchanges.intake import Intake
from scripts.exchanges.limits import Limits
from scripts.exchanges.rest import Rest
from scripts.exchanges.source import Source
from scripts.exchanges.voice import Voice

CONNECT = Backoff(2.0, 60.0)
"""Before another attempt to connect: Binance allows one a second."""
ASK = Backoff(0.5, 30.0)
"""Before REST is asked again."""
BREAKER = partial(Breaker, failures=5, pause=30.0, most=600.0)


def _wall_ms() -> int:
    return int(time.time() * 1_000)


def _write(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class Engine:
    """Follows an exchange within ``async with``, and hands its trades to a sender.

    Args:
        adapter: Of the exchange.
        sender: Takes the trades; it has ended or is to stop when this ends.
        client: With the address and the headers of the REST API.
        since: The last id of a symbol that Kafka has.
        limits: Of all.
        clock: Of all waiting.
        connect: Between two attempts to connect.
        ask: Between two requests of REST that fail.
        breaker: Makes the breakers of both.
        write: Where news go, a line each.
        wall_ms: Ms since the epoch.

    Attributes:
        counts: What was read, and where it went; at the end they add up.
    """

    def __init__(
        self,
        adapter: Adapter,
        sender: Sending,
        client: httpx.AsyncClient,
        since: Mapping[str, int],
        limits: Limits,
        *,
        clock: Clock | None = None,
        connect: Backoff = CONNECT,
        ask: Backoff = ASK,
        breaker: Callable[[], Breaker] = BREAKER,
        write: Callable[[str], object] = _write,
        wall_ms: Callable[[], int] = _wall_ms,
    ) -> None:
        clock = clock or Clock()
        say = Voice(clock.now, write)
        self.counts = Counts()
        self._delivery = Delivery(sender, limits.waiting)
        self._intake = Intake(adapter, since, self._delivery, self.counts, say, wall_ms)
        rest = Rest(client, adapter, clock, ask, breaker(), limits.tries, say)
        filler = Filler(adapter, rest, self._intake, clock, limits, say)
        self._source = Source(
            *(adapter, self._intake, filler, self._delivery, self.counts),
            *(clock, limits, connect, breaker(), say),
        )

    async def __aenter__(self) -> Self:
        self._following = asyncio.create_task(self._source.run())
        self._delivering = asyncio.create_task(self._delivery.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Read no more, hand over what waits, and give up what is missing."""
        self._following.cancel()
        await asyncio.wait({self._following})
        self._delivery.end()
        self.counts.unsent = await self._delivering
        self._intake.give_up_all()
        if not self._following.cancelled():
            self._following.result()  # it ends by no other way than a bug

    async def goes_on(self, seconds: float) -> bool:
        """Wait so long, or until it ends by itself; tell whether it did not."""
        tasks = {self._following, self._delivering}
        ended, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return not ended

    def trouble(self) -> str | None:
        """What is to be said of it at the moment."""
        return self._source.trouble()

    @property
    def last(self) -> dict[str, int]:
        """The greatest id of each symbol that had trades."""
        return self._intake.last
