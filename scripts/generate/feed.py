"""A feed of trades as messages, without any Kafka."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from scripts.generate.chaos import Block, Chaos, Fate
from scripts.generate.clock import EventTimes, steady
from scripts.generate.faults import FAULTS_OF, OVERSIZED, Fault, Form
from scripts.generate.instruments import activity, listing
from scripts.generate.market import Bools, Ints, Market, Trades
from scripts.generate.messages import Message, Packer
from scripts.generate.partitions import partitions_of
from scripts.generate.season import season, seasonal
from scripts.generate.shocks import Shock, Shocks
from scripts.generate.trade import Trade

MAX_BLOCK_TRADES = 10_000
MAX_SYMBOLS = 10_000
OVERSIZED_EVERY = 100
"""Rounds of all other faults, in chaos."""

Faults = dict[int, Fault]
"""What breaks the records of a block, by their places in it."""


@dataclass(frozen=True)
class Feed:
    """What a feed is made of; equal feeds are equal byte for byte.

    Attributes:
        seed: Of everything random.
        symbols: How many instruments trade, at most 10,000.
        rate: Trades per second of event time.
        start_ms: Event time of the first trade.
        count: How many records, good and bad; None is endless. A longer feed begins like a
            shorter one.
        bad: Share of broken records, 0 to 1; every kind in turn. The other records stay what
            they are without.
        packed: Most trades in one message, all of one symbol.
        disorder_ms: How far event times may fall behind the order of sending.
        oversized: Whether messages over 1 MiB are among the broken ones.
        inject: Share of trades that are made shocks, 0 to 1: see :mod:`scripts.generate.shocks`.
        inject_sigma: How far they stand out at least, in standard deviations.
        chaos: Share of records that are disturbed, 0 to 1: see :mod:`scripts.generate.chaos`.
        form: What the records are written as, which says how they can be broken: see
            ``faults.FAULTS_OF``.
        cycle: After so many trades prices begin anew at levels that have drifted; None is never.
        seasonal: Whether there are more trades, and wilder ones, by the time of day.
        partitions: Of the topic, which chaos lets fall silent in turn; 0 if there are none.
        block_s: Seconds of event time that are made at once. Short blocks can be sent as they
            happen, long ones are made faster; they differ in their random numbers.
    """

    seed: int = 1
    symbols: int = 6
    rate: float = 1_000.0
    start_ms: int = 1_767_225_600_000  # 2026-01-01 UTC
    count: int | None = None
    bad: float = 0.0
    packed: int = 1
    disorder_ms: int = 0
    oversized: bool = False
    inject: float = 0.0
    inject_sigma: float = 6.0
    chaos: float = 0.0
    form: Form = "messages"
    cycle: int | None = None
    seasonal: bool = False
    partitions: int = 0
    block_s: float = 10.0

    @property
    def block(self) -> int:
        """Records in one block, which is of whole messages."""
        wanted = min(MAX_BLOCK_TRADES, max(1, int(self.rate * self.block_s)))
        return -(-wanted // self.packed) * self.packed


def kinds(feed: Feed) -> Iterator[Fault]:
    """The faults of its broken records, in turn."""
    of_form = FAULTS_OF[feed.form]
    while True:
        # One of a mebibyte costs as much as thousands of others.
        for _ in range(OVERSIZED_EVERY if feed.chaos else 1):
            yield from of_form
        if feed.oversized:
            yield OVERSIZED


class Maker:
    """Makes the blocks of a feed, as columns and as messages.

    Args:
        feed: What to make.
        event_times: Where event times come from; if None, from ``feed.start_ms`` on.
        tell: Told of the shocks of each block, if there are to be any.
    """

    def __init__(
        self,
        feed: Feed,
        event_times: EventTimes | None = None,
        tell: Callable[[list[Shock]], None] | None = None,
    ) -> None:
        self.feed = feed
        even = seasonal if feed.seasonal else steady
        self._event_times = event_times or even(feed.start_ms, feed.rate)
        self._tell = tell
        self._rng = np.random.default_rng(feed.seed)
        self.instruments = listing(feed.symbols, self._rng)
        self._symbols = np.array([each.symbol for each in self.instruments], dtype=object)
        self._exchanges = np.array([each.exchange for each in self.instruments], dtype=object)
        self._kinds = kinds(feed)
        self._packer = Packer(feed.packed)
        # Apart, so that neither moves any other price.
        self._shocks = Shocks(
            self.instruments, feed.inject, feed.inject_sigma, np.random.default_rng([feed.seed, 2])
        )
        self.chaos = Chaos(
            feed.chaos,
            np.random.default_rng([feed.seed, 3]),
            np.array([each.price_digits for each in self.instruments]),
            feed.packed,
            partitions_of(self._symbols, feed.partitions) if feed.partitions else None,
            activity(len(self.instruments)),
        )

    def blocks(self) -> Iterator[Block]:
        """Yield the feed in the order of sending, ``feed.block`` records at a time."""
        market = Market(self.instruments, self._rng)
        burst = self.feed.packed if self.feed.packed > 1 else None
        for made, times, broken in walk(self.feed, market, self._event_times, burst):
            if self.feed.inject:
                made = self._shocks.apply(made, times)
                if self._tell:
                    self._tell(self._shocks.made)
                self._shocks.made = []
            if self.feed.chaos:
                yield self.chaos.disturb(made, times)
            else:
                yield Block(made, times, broken * np.int8(Fate.BROKEN))

    def faults(self, block: Block) -> Faults:
        """The faults of its broken records, each the next of its kind: to be asked for once."""
        broken = np.flatnonzero(block.fate == Fate.BROKEN).tolist()
        return dict(zip(broken, self._kinds, strict=False))

    def trades(self, block: Block) -> list[Trade]:
        """Its records, whole."""
        made = block.trades
        columns = (
            self._symbols[made.symbol],
            made.price,
            made.quantity,
            block.times,
            np.where(made.buy, "buy", "sell"),
            made.trade_id,
            self._exchanges[made.symbol],
        )
        return list(map(Trade, *(column.tolist() for column in columns)))

    def messages(self, block: Block, faults: Faults) -> list[Message]:
        """Its messages, with what is broken in them."""
        trades = self.trades(block)
        return list(self._packer.pack(trades, list(map(faults.get, range(len(trades))))))


def blocks(
    feed: Feed,
    event_times: EventTimes | None = None,
    tell: Callable[[list[Shock]], None] | None = None,
) -> Iterator[list[Message]]:
    """Yield the feed's messages, block by block: see :class:`Maker`."""
    maker = Maker(feed, event_times, tell)
    for block in maker.blocks():
        yield maker.messages(block, maker.faults(block))


def walk(
    feed: Feed, market: Market, event_times: EventTimes, burst: int | None = None
) -> Iterator[tuple[Trades, Ints, Bools]]:
    """Yield what the market trades, ``feed.block`` trades at a time until there are enough.

    Args:
        feed: How long it goes on, and how much of it is broken.
        market: Where it begins.
        event_times: When the trades are.
        burst: As for :meth:`Market.trades`.

    Yields:
        The trades, when each is (ms), and whether its record is to be broken.
    """
    chaos = np.random.default_rng([feed.seed, 1])  # apart, so that faults move no price
    before: float | None = None
    left, until_drift = feed.count, feed.cycle
    while left is None or left > 0:
        times = event_times(feed.block)
        elapsed_s = (times[-1] - (times[0] if before is None else before)) / 1_000
        before = times[-1]
        wild = float(season(times[:1])[0]) if feed.seasonal else 1.0
        made = market.trades(feed.block, elapsed_s, burst, wild)
        if until_drift is not None and feed.cycle is not None:
            until_drift -= feed.block
            if until_drift <= 0:
                market.drift()
                until_drift += feed.cycle
        times -= chaos.integers(0, feed.disorder_ms + 1, feed.block)
        broken = chaos.random(feed.block) < feed.bad
        cut = Trades._make(column[:left] for column in made)
        yield cut, times[:left].astype(np.int64), broken[:left]
        left = None if left is None else left - len(cut.symbol)
