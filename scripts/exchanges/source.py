"""Follows an exchange for ever."""

import asyncio

from websockets.exceptions import InvalidStatus, WebSocketException

from api.backoff import Backoff
from api.breaker import Breaker
from scripts.exchanges.adapter import Adapter, Closing, Control, Malformed, Refused, Trades
from scripts.exchanges.clock import Clock
from scripts.exchanges.counts import Counts
from scripts.exchanges.delivery import Delivery
from scripts.exchanges.filler import Filler
from scripts.exchanges.intake import Intake
from scripts.exchanges.limits import Limits
from scripts.exchanges.link import Link
from scripts.exchanges.rest import retry_after
from scripts.exchanges.voice import Say


class Source:
    """Keeps a connection open, and takes what comes over it.

    Args:
        adapter: Of the exchange.
        intake: Takes the trades.
        filler: Fills gaps.
        delivery: Asked whether it is full.
        counts: Kept here.
        clock: Of all waiting.
        limits: Of connections.
        backoff: Between two attempts to connect.
        breaker: Leaves an exchange in peace that fails again and again.
        say: What is odd is told.
    """

    def __init__(
        self,
        adapter: Adapter,
        intake: Intake,
        filler: Filler,
        delivery: Delivery,
        counts: Counts,
        clock: Clock,
        limits: Limits,
        backoff: Backoff,
        breaker: Breaker,
        say: Say,
    ) -> None:
        self._adapter = adapter
        self._intake = intake
        self._filler = filler
        self._delivery = delivery
        self._counts = counts
        self._clock = clock
        self._limits = limits
        self._backoff = backoff
        self._breaker = breaker
        self._say = say
        self._failures = 0  # in a row
        self._links: list[Link] = []  # that are read; the newest is the last
        self._waits_for = ""

    async def run(self) -> None:
        """Follow it until cancelled.

        When a connection should be replaced, the next one is made first, and both are read until
        the next one has proven itself for a while.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._filler.run())
            while True:
                link = await self._connected()
                group.create_task(self._read(link, tuple(self._links), group))
                self._links.append(link)
                await link.due.wait()

    def trouble(self) -> str | None:
        """What is to be said of it at the moment."""
        if self._delivery.is_full:
            return "Kafka is slow: the exchange is not read"
        return self._waits_for or None

    async def _connected(self) -> Link:
        asked: float | None = None
        while True:
            await self._patience(asked)
            try:
                link = await Link.open(
                    self._adapter, self._clock, self._limits, lambda: self._delivery.is_full
                )
            except InvalidStatus as error:
                asked = retry_after(error.response.headers.get("Retry-After", ""))
                self._failed(f"no connection: {error}")
            except (OSError, WebSocketException) as error:
                asked = None
                self._failed(f"no connection: {error!r}")
            else:
                self._waits_for = ""
                self._counts.connections += 1
                return link

    async def _patience(self, asked: float | None) -> None:
        if not self._failures:
            return
        wait = max(self._backoff.wait(self._failures, asked), self._breaker.wait(self._clock.now()))
        self._waits_for = f"not connected, the next attempt comes {wait:.1f} s after the last"
        await self._clock.sleep(wait)

    async def _read(self, link: Link, elders: tuple[Link, ...], group: asyncio.TaskGroup) -> None:
        async with link:
            async for frame in link.frames():
                self._counts.frames += 1
                works = await self._on_frame(frame, link)
                if works and not link.has_proven:
                    link.has_proven = True
                    self._failures = 0
                    self._breaker.succeeded()
                    group.create_task(self._retire(elders))
        is_newest = link is self._links[-1]
        self._links.remove(link)
        if is_newest and not link.is_retired:
            self._failed(f"the connection ended: {link.reason}")
        link.due.set()  # only now, or the next attempt would not know of the failure

    async def _on_frame(self, frame: bytes, link: Link) -> bool:
        """Deal with a frame; tell whether it shows that the connection works."""
        event = self._adapter.parse(frame)
        match event:
            case Trades(trades):
                for trade in trades:
                    await self._intake.take(trade, self._filler.add)
                return True
            case Malformed():
                await self._intake.forward(frame, event)
            case Refused(reason):
                self._say("refused", f"{self._adapter.exchange} says: {reason}")
                link.fail(reason)
            case Closing() if not link.due.is_set():
                self._say("connection", "the exchange will close it, another is made")
                self._failures += 1  # for the next may be told the same at once
                link.due.set()
            case Control(is_answer):
                return is_answer
        return False

    async def _retire(self, elders: tuple[Link, ...]) -> None:
        await self._clock.sleep(self._limits.overlap_s)
        for each in elders:
            await each.retire()

    def _failed(self, why: str) -> None:
        self._failures += 1
        self._breaker.failed(self._clock.now())
        self._say("connection", why)
