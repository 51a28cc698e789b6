"""A feed of trades as messages, without any Kafka."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from scripts.generate.clock import EventTimes, steady
from scripts.generate.faults import FAULTS, OVERSIZED
from scripts.generate.instruments import listing
from scripts.generate.market import Ints, Market, Trades
from scripts.generate.messages import Message, Packer
from scripts.generate.shocks import Shock, Shocks
from scripts.generate.trade import Trade

MAX_BLOCK_TRADES = 10_000
MAX_SYMBOLS = 10_000


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
    block_s: float = 10.0

    @property
    def block(self) -> int:
        """Records in one block, which is of whole messages."""
        wanted = min(MAX_BLOCK_TRADES, max(1, int(self.rate * self.block_s)))
        return -(-wanted // self.packed) * self.packed


def blocks(
    feed: Feed,
    event_times: EventTimes | None = None,
    tell: Callable[[list[Shock]], None] | None = None,
) -> Iterator[list[Message]]:
    """Yield the feed's messages in the order of sending, ``feed.block`` records at a time.

    Args:
        feed: What to make.
        event_times: Where event times come from, instead of :func:`steady`.
        tell: Told of the shocks of each block, if there are to be any.
    """
    event_times = event_times or steady(feed.start_ms, feed.rate)
    rng = np.random.default_rng(feed.seed)
    instruments = listing(feed.symbols, rng)
    symbols = np.array([instrument.symbol for instrument in instruments], dtype=object)
    exchanges = np.array([instrument.exchange for instrument in instruments], dtype=object)
    market = Market(instruments, rng)
    kinds = cycle((*FAULTS, OVERSIZED) if feed.oversized else FAULTS)
    packer = Packer(feed.packed)
    # Apart, so that shocks move no other price.
    shocks = Shocks(
        instruments, feed.inject, feed.inject_sigma, np.random.default_rng([feed.seed, 2])
    )
    burst = feed.packed if feed.packed > 1 else None
    for made, times, broken in walk(feed, market, event_times, burst):
        if feed.inject:
            made = shocks.apply(made, times)
            if tell:
                tell(shocks.made)
            shocks.made = []
        columns = (
            symbols[made.symbol],
            made.price,
            made.quantity,
            times,
            np.where(made.buy, "buy", "sell"),
            made.trade_id,
            exchanges[made.symbol],
        )
        trades = list(map(Trade, *(column.tolist() for column in columns)))
        faults = [next(kinds) if bad else None for bad in broken]
        yield list(packer.pack(trades, faults))


def walk(
    feed: Feed, market: Market, event_times: EventTimes, burst: int | None = None
) -> Iterator[tuple[Trades, Ints, list[bool]]]:
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
    left = feed.count
    while left is None or left > 0:
        times = event_times(feed.block)
        elapsed_s = (times[-1] - (times[0] if before is None else before)) / 1_000
        before = times[-1]
        made = market.trades(feed.block, elapsed_s, burst)
        times -= chaos.integers(0, feed.disorder_ms + 1, feed.block)
        broken = chaos.random(feed.block) < feed.bad
        cut = Trades._make(column[:left] for column in made)
        yield cut, times[:left].astype(np.int64), broken[:left].tolist()
        left = None if left is None else left - len(cut.symbol)
