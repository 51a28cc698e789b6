"""The messages of topics that the service reads, as they stand on Kafka, and rows made of them."""

from collections.abc import Hashable
from typing import Any, Literal, Protocol, get_args

import msgspec

Interval = Literal["1s", "10s", "1m", "5m", "15m", "1h", "4h", "1d"]
Cause = Literal["quiet", "outage"]
INTERVALS: tuple[Interval, ...] = get_args(Interval)  # shortest first


MAX_SHARDS = 4_096  # of the job; their numbers count from 0
DECODE = 9_999  # in place of a shard's number: the account of what was read and decoded


class Row(Protocol):
    """What has a window: candles, order flows, and what is made of them."""

    symbol: str
    interval: Interval
    start: int
    final: bool
    revision: int
    updated_at: int


def supersedes(new: Row, kept: Row) -> bool:
    """Whether a message, the newer of the two, takes the place of the one kept of its window.

    Final beats forming and a higher revision beats a lower one; among equals the newer wins.
    """
    if new.final and kept.final:
        return new.revision >= kept.revision
    return new.final or not kept.final


# Records refer to nothing that could refer back, so the cyclic collector need not visit the
# millions of them that are kept (gc=False).
class Candle(msgspec.Struct, gc=False):
    """One candle over ``[start, end)``, ms since the epoch, UTC.

    Forming: ``final`` false, replaced many times a second. Final: ``final`` true, ``revision`` 0.
    Corrected: ``final`` true, ``revision`` 1 and up.
    """

    symbol: str
    interval: Interval
    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    notional: float
    vwap: float
    trades: int
    buy_volume: float
    final: bool
    revision: int
    updated_at: int


class FilledCandle(msgspec.Struct, gc=False):
    """A candle as it is, or that of an interval in which nothing was traded (``filled``).

    Such a one has no ``vwap`` and no ``updated_at``, and prices only if it repeats the close
    before it. ``cause`` is why nothing was traded: the market was quiet, or the feed was out. It
    is ``final`` once a later candle is.
    """

    symbol: str
    interval: Interval
    start: int
    end: int
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float
    notional: float
    vwap: float | None
    trades: int
    buy_volume: float
    final: bool
    revision: int
    updated_at: int | None
    filled: bool
    cause: Cause | None


class Flow(msgspec.Struct, gc=False):
    """The order flow over ``[start, end)``, ms since the epoch, UTC; forming, final or corrected.

    Quantities and notionals are those of new orders, ``filled`` those of fills; a ratio is None
    where there is nothing to divide by.
    """

    symbol: str
    interval: Interval
    start: int
    end: int
    buy_orders: int
    sell_orders: int
    buy_cancels: int
    sell_cancels: int
    buy_replaces: int
    sell_replaces: int
    buy_fills: int
    sell_fills: int
    buy_quantity: float
    sell_quantity: float
    buy_notional: float
    sell_notional: float
    buy_filled: float
    sell_filled: float
    order_flow_imbalance: float | None
    cancel_ratio: float | None
    order_to_trade_ratio: float | None
    fill_ratio: float | None
    final: bool
    revision: int
    updated_at: int


class LateTrade(msgspec.Struct, gc=False):
    """A trade that came when its candles were past correcting, ``lateness`` ms behind event time.

    ``trade_id`` and ``exchange`` are None where the trade has none. Times are ms since the epoch.
    """

    symbol: str
    price: float
    quantity: float
    timestamp: int
    side: str
    trade_id: str | None
    exchange: str | None
    lateness: int
    topic: str
    partition: int
    offset: int

    @property
    def key(self) -> Hashable:
        """By its place; one message may hold many trades, so by what it says too."""
        place = self.timestamp, self.topic, self.partition, self.offset
        return *place, self.trade_id, self.price, self.quantity, self.side, self.exchange


class Level(msgspec.Struct, gc=False):
    """All open orders of one price."""

    price: float
    quantity: float
    orders: int


class Book(msgspec.Struct, gc=False):
    """The best prices of the open orders of a symbol, the best first."""

    symbol: str
    time: int
    best_bid: float | None
    best_ask: float | None
    spread: float | None
    mid: float | None
    bids: list[Level]
    asks: list[Level]
    bid_depth: float
    ask_depth: float
    imbalance: float | None
    open_orders: int
    ignored: int
    expired: int
    updated_at: int


class Indicators(msgspec.Struct, gc=False):
    """The indicators of a closed candle, by name; None while there are too few candles for one.

    Where a candle is corrected, those after it come again: the newest message counts.
    """

    symbol: str
    interval: Interval
    start: int
    end: int
    close: float
    values: dict[str, float | None]
    updated_at: int
    final: bool = True
    revision: int = 0


class IndicatorsOfCandle(msgspec.Struct, gc=False):
    """The indicators of a closed candle, of those that are asked for."""

    start: int
    end: int
    close: float
    values: dict[str, float | None]
    updated_at: int


class Trend(msgspec.Struct, gc=False, rename={"start": "windowStartTimestamp"}):
    """What the trades of one minute came to."""

    symbol: str
    averagePrice: float
    meanPrice: float
    isVolatilityAnomaly: bool
    swing: float
    threshold: float
    high: float
    low: float
    trades: int
    start: int
    windowEndTimestamp: int
    interval: Interval
    final: bool
    revision: int
    updated_at: int


class Correlation(msgspec.Struct, gc=False):
    """The correlations of a symbol with others, by symbol, over ``window`` minutes.

    Each pair is in the message of the one that comes first in the alphabet. ``fewer`` are the
    common returns of the pairs that lack some; with too few of them a correlation is None.
    """

    symbol: str
    timestamp: int
    window: int
    returns: int
    correlations: dict[str, float | None]
    fewer: dict[str, int]
    left_out: int
    updated_at: int


class Anomaly(msgspec.Struct, gc=False):
    """A trade, or a candle, that is far from those before it, or rare to a model.

    What a model scored has ``features``, and no mean, standard deviation or z.
    """

    symbol: str
    timestamp: int
    kind: str
    interval: Interval | None
    value: float
    mean: float | None
    standard_deviation: float | None
    z: float | None
    threshold: float
    severity: str
    count: int
    topic: str | None
    partition: int | None
    offset: int | None
    updated_at: int
    features: dict[str, float] | None = None

    @property
    def key(self) -> Hashable:
        """One candle has at most one of each kind, and one trade too."""
        if self.interval:
            return self.kind, self.interval, self.timestamp
        return self.kind, self.timestamp, self.topic, self.partition, self.offset, self.value


class Gap(msgspec.Struct, gc=False, tag_field="kind", tag="gap"):
    """No trade of a symbol for too long; ``length`` in ms reached ``threshold``."""

    symbol: str
    timestamp: int
    start: int
    end: int
    length: int
    threshold: int
    topic: str
    partition: int
    offset: int
    updated_at: int

    @property
    def key(self) -> Hashable:
        """Only one gap ends at a time."""
        return "gap", self.end


class Outage(msgspec.Struct, gc=False, tag_field="kind", tag="outage"):
    """Nothing of any symbol came over a partition; ``length`` in ms reached ``threshold``."""

    symbol: str
    timestamp: int
    start: int
    end: int
    length: int
    threshold: int
    topic: str
    partition: int
    updated_at: int

    @property
    def key(self) -> Hashable:
        """A partition has one that ends at a time."""
        return self.topic, self.partition, self.end


class FatFinger(msgspec.Struct, gc=False, tag_field="kind", tag="fat_finger"):
    """A price far off the mean of those before it: ``away`` is price / mean - 1."""

    symbol: str
    timestamp: int
    price: float
    mean: float
    away: float
    threshold: float
    trades: int
    topic: str
    partition: int
    offset: int
    updated_at: int

    @property
    def key(self) -> Hashable:
        """By the place of the trade."""
        return "fat_finger", self.timestamp, self.topic, self.partition, self.offset, self.price


class Totals(msgspec.Struct, gc=False, tag_field="kind", tag="totals"):
    """What was counted of the trades of a symbol."""

    symbol: str
    timestamp: int
    trades: int
    duplicates: int
    out_of_order: int
    out_of_order_share: float
    late: int
    fat_fingers: int
    anomalies: int
    crossed_clocks: int
    gaps: dict[str, int]
    updated_at: int

    @property
    def key(self) -> Hashable:
        """The newest counts."""
        return "totals"


class Alert(msgspec.Struct, gc=False):
    """A rule that was met by a message, which stands in ``cause``.

    ``timestamp`` is event time and ``updated_at`` the clock's, both ms since the epoch. The job
    may publish one again after a recovery, with the same ``id``.
    """

    id: str
    symbol: str
    timestamp: int
    rule: str
    kind: str
    interval: Interval | None
    value: float
    threshold: float
    text: str
    cause: dict[str, Any]
    updated_at: int

    @property
    def key(self) -> Hashable:
        """Rule, symbol and time."""
        return self.id


class Undelivered(msgspec.Struct, gc=False):
    """An alert that a webhook was not given, after ``attempts`` to; ``reason`` is a fixed code.

    ``first_attempt_at`` is None where there was none. Times are ms since the epoch.
    """

    target: str
    reason: str
    detail: str
    attempts: int
    first_attempt_at: int | None
    given_up_at: int
    alert: Alert

    @property
    def key(self) -> tuple[str, str]:
        """A webhook is not given an alert once."""
        return self.target, self.alert.id


class DeadLetter(msgspec.Struct, gc=False):
    """A record that the pipeline rejected, and where it came from.

    ``index`` is the position inside a packed message, ``reason`` a fixed code, ``payload`` base64.
    """

    topic: str
    partition: int
    offset: int
    index: int
    reason: str
    detail: str
    payload: str
    rejected_at: int


class Source(msgspec.Struct, gc=False):
    """What became of the records of one partition, as far as one shard counted it."""

    topic: str
    partition: int
    messages: int
    records: int
    candles: int
    duplicates: int
    late: int
    rejected: int
    # Accounts of before there were orders do not have them.
    orders: int = 0
    session: int = 0


class Account(msgspec.Struct, gc=False):
    """All that one shard counted since the job first started, as of ``updated_at``, ms.

    The account of ``DECODE`` has the messages, the records and what decoding rejected; those of
    the shards have what became of the trades. ``duplicates`` are by symbol.

    Raises:
        ValueError: The job has no such shard.
    """

    shard: int
    sources: list[Source]
    duplicates: dict[str, int]
    updated_at: int

    def __post_init__(self) -> None:
        if not 0 <= self.shard < MAX_SHARDS and self.shard != DECODE:
            raise ValueError(
                f"expected a shard from 0 to {MAX_SHARDS - 1}, or {DECODE}, got {self.shard}"
            )
