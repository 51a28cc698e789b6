"""Chaos: what goes wrong on the way from a market, on purpose, and counted.

Of the records so many are disturbed. Most are broken, in every way of ``scripts.generate.faults``;
the others are still trades: a copy of the one before, one that comes late, one with two digits of
its price in each other's place. Besides, bursts of trades come at one instant, and a partition is
silent for a while.
"""

from collections import deque
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scripts.generate.market import Floats, Ints, Trades

LATE_MS = (1_000, 6 * 3_600_000)
"""How late trades are: as many by seconds as by minutes and by hours."""
WRONG_BY = 0.2
"""Digits are swapped where that makes this much of a difference, or more."""
BURSTS, BURST_TRADES = 2e-4, (100, 1_000)
SILENCES, SILENCE_MS = 2e-4, (6_000, 60_000)
"""For each disturbed record; and how many trades come at once, how long nothing does."""
LISTED = 1_000
"""Silences, at most."""
MOST_SILENT = 0.5
"""Of all trades, those that a partition has which falls silent."""


class Fate(IntEnum):
    """What becomes of a record."""

    SENT = 0
    BROKEN = 1
    COPIED = 2
    LATE = 3
    SWAPPED = 4


SHARES = {Fate.BROKEN: 0.55, Fate.COPIED: 0.15, Fate.LATE: 0.15, Fate.SWAPPED: 0.15}
"""Of what is disturbed."""


class Silence(NamedTuple):
    """Nothing of a partition in [start, end), ms."""

    partition: int
    start: int
    end: int


class Block(NamedTuple):
    """Trades in the order of sending, and what was done to them.

    Attributes:
        trades: (n,) Columns.
        times: (n,) Event times, ms.
        fate: (n,) of Fate.
        bursts: (first, end) of those that come at one instant.
    """

    trades: Trades
    times: Ints
    fate: NDArray[np.int8]
    bursts: tuple[tuple[int, int], ...] = ()

    def at(self, rows: list[int]) -> "Block":
        """These rows."""
        trades = Trades._make(column[rows] for column in self.trades)
        return Block(trades, self.times[rows], self.fate[rows])


class Chaos:
    """Disturbs blocks of trades.

    Args:
        share: Of records that are disturbed, 0 to 1.
        rng: Which, and how.
        digits: (symbols,) Decimals of the prices of each.
        packed: So many trades in a row are of one symbol, and stay together.
        partition_of: (symbols,) The partition of each, where there are any: one is silent at times.
        activity: (symbols,) The share of each in all trades; asked for with ``partition_of``.

    Attributes:
        silences: The newest, for a market may go on for ever.
        silent: How many there were in all.
    """

    def __init__(
        self,
        share: float,
        rng: np.random.Generator,
        digits: Ints,
        packed: int = 1,
        partition_of: Ints | None = None,
        activity: Floats | None = None,
    ) -> None:
        self._share = share
        self._rng = rng
        self._digits = digits
        self._packed = packed
        self._partition_of = partition_of
        self._may_be_silent = np.empty(0, np.int64)
        if partition_of is not None:
            has = np.bincount(partition_of, weights=activity)
            self._may_be_silent = np.flatnonzero((has > 0) & (has < MOST_SILENT))
        self.silences = deque[Silence](maxlen=LISTED)
        self.silent = 0

    def disturb(self, trades: Trades, times: Ints) -> Block:
        """The trades with some of them disturbed; fewer, where a partition is silent."""
        times, bursts = self._burst(times)
        if self._may_be_silent.size:
            kept = self._heard(trades, times)
            trades, times = Trades._make(column[kept] for column in trades), times[kept]
            at = np.concatenate([[0], kept.cumsum()]).tolist()
            bursts = tuple((at[first], at[end]) for first, end in bursts)
        n = len(times)
        fate = np.zeros(n, np.int8)
        drawn = self._rng.random(n)
        for kind, share in self._bounds():
            fate[drawn < share] = kind
        before = _before(trades.symbol)
        # What it would be a copy of is as it was made, or the copy were no copy.
        fate[(fate == Fate.COPIED) & ((before < 0) | (fate[before] != Fate.SENT))] = Fate.SENT
        copies = np.flatnonzero(fate == Fate.COPIED)
        taken = np.arange(n)
        taken[copies] = before[copies]
        trades, times = Trades._make(column[taken] for column in trades), times[taken]
        late = fate == Fate.LATE
        least, most = np.log(LATE_MS)
        times[late] -= np.exp(self._rng.uniform(least, most, int(late.sum()))).astype(np.int64)
        price = trades.price.copy()
        for i in np.flatnonzero(fate == Fate.SWAPPED).tolist():
            wrong = swapped(price[i], int(self._digits[trades.symbol[i]]))
            if wrong is None:
                fate[i] = Fate.SENT
            else:
                price[i] = wrong
        return Block(trades._replace(price=price), times, fate, bursts)

    def _bounds(self) -> list[tuple[Fate, float]]:
        """Each kind and the number below which it is drawn, the greatest first."""
        ends = np.cumsum(list(SHARES.values())) * self._share
        return list(zip(SHARES, ends.tolist(), strict=True))[::-1]

    def _burst(self, times: Ints) -> tuple[Ints, tuple[tuple[int, int], ...]]:
        n = len(times)
        if self._rng.random() >= n * self._share * BURSTS:
            return times, ()
        first = int(self._rng.integers(n))
        end = min(first + int(self._rng.integers(*BURST_TRADES)), n)
        times = times.copy()
        times[first:end] = times[first]
        return times, ((first, end),)

    def _heard(self, trades: Trades, times: Ints) -> NDArray[np.bool_]:
        """Which of them are not those of a silent partition."""
        assert self._partition_of is not None
        free = not self.silences or self.silences[-1].end <= times[0]
        if free and self._rng.random() < len(times) * self._share * SILENCES:
            partition = int(self._rng.choice(self._may_be_silent))
            start = int(times[0])
            end = start + int(self._rng.integers(*SILENCE_MS))
            self.silences.append(Silence(partition, start, end))
            self.silent += 1
        elif free:
            return np.ones(len(times), np.bool_)
        partition, start, end = self.silences[-1]
        of_message = times[np.arange(len(times)) // self._packed * self._packed]
        heard: NDArray[np.bool_] = self._partition_of[trades.symbol] != partition
        heard |= of_message >= end
        return heard


def _before(symbol: Ints) -> Ints:
    """For each trade the one of its symbol before it in the block, or -1."""
    order = symbol.astype(np.uint16).argsort(kind="stable")
    same = symbol[order][1:] == symbol[order][:-1]
    before = np.full(len(symbol), -1)
    before[order[1:][same]] = order[:-1][same]
    return before


def swapped(price: float, digits: int) -> float | None:
    """A price with its first digit and another in each other's place; None if that is no matter.

    Args:
        price: Of whole ticks.
        digits: Its decimals.
    """
    unit = 10.0**digits
    text = str(round(price * unit))
    for i in range(1, len(text)):
        wrong = int(text[i] + text[1:i] + text[0] + text[i + 1 :]) / unit
        if wrong > 0 and abs(wrong / price - 1) >= WRONG_BY:
            return wrong
    return None
