"""Gaps, filled from REST beside the live stream."""

import asyncio
from typing import NamedTuple

import msgspec

from scripts.exchanges.adapter import Adapter
from scripts.exchanges.clock import Clock
from scripts.exchanges.intake import Intake
from scripts.exchanges.limits import Limits
from scripts.exchanges.rest import Rest, RestError
from scripts.exchanges.voice import Say


class Gap(NamedTuple):
    """Ids of a symbol that did not come, and when that was seen, seconds of the clock."""

    symbol: str
    ids: range
    at: float


class Filler:
    """Fills one gap after the other: what REST allows is counted for all symbols together.

    Args:
        adapter: Of the exchange.
        rest: Its REST API.
        intake: Takes the trades.
        clock: Of the grace.
        limits: The grace and the tries.
        say: What is odd is told.
    """

    def __init__(
        self, adapter: Adapter, rest: Rest, intake: Intake, clock: Clock, limits: Limits, say: Say
    ) -> None:
        self._adapter = adapter
        self._rest = rest
        self._intake = intake
        self._clock = clock
        self._limits = limits
        self._say = say
        # Not bounded itself: a sequence bounds how many gaps of it are open.
        self._gaps: asyncio.Queue[Gap] = asyncio.Queue()

    def add(self, symbol: str, ids: range) -> None:
        """Fill this gap when it is its turn."""
        self._gaps.put_nowait(Gap(symbol, ids, self._clock.now()))

    async def run(self) -> None:
        """Fill gaps, for ever."""
        while True:
            gap = await self._gaps.get()
            await self._clock.sleep(max(gap.at + self._limits.grace_s - self._clock.now(), 0.0))
            try:
                await self._fill(gap)
            except RestError as error:
                self._intake.give_up(gap.symbol, gap.ids, str(error))

    async def _fill(self, gap: Gap) -> None:
        vain = 0  # pages in a row that had nothing of it
        while missing := self._intake.first_missing(gap.symbol, gap.ids):
            if await self._page(gap.symbol, missing):
                vain = 0
                continue
            vain += 1
            if vain < self._limits.tries:
                await self._rest.rest(vain)
            else:
                self._intake.give_up(gap.symbol, missing, "the exchange has no such trades")
                vain = 0

    async def _page(self, symbol: str, missing: range) -> bool:
        """Take a page; tell whether anything was new."""
        body = await self._rest.get(self._adapter.missing(symbol, missing))
        try:
            trades = self._adapter.page(symbol, body)
        except msgspec.MsgspecError as error:
            self._say("REST", f"no page of trades: {error}")
            return False
        wanted = [trade for trade in trades if trade.trade_id in missing]
        return any([await self._intake.take(trade, self.add) for trade in wanted])
