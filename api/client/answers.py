"""What the service answers, as far as it is more than the records themselves.

The field ``next`` of a page is the cursor of the page before it in time; None on the last.
"""

from typing import Literal

import msgspec

from ..records import (
    Alert,
    Anomaly,
    Candle,
    DeadLetter,
    FatFinger,
    FilledCandle,
    Flow,
    Gap,
    IndicatorsOfCandle,
    Interval,
    LateTrade,
    Outage,
    Totals,
    Trend,
)


class Page(msgspec.Struct, kw_only=True):
    """A part of a list; the field that is named like the list has its rows, ascending."""

    next: str | None = None


class Symbol(msgspec.Struct):
    """A symbol with its newest price; ``change`` since the minute at ``since``, 0.01 is 1%."""

    symbol: str
    last: float
    time: int
    change: float | None
    since: int
    intervals: list[Interval]


class Symbols(msgspec.Struct):
    """Symbols in alphabetical order; ``total`` counts those beyond the limit too."""

    total: int
    symbols: list[Symbol]


class Candles(Page):
    """Candles of a symbol."""

    symbol: str
    interval: Interval
    candles: list[Candle]


class FilledCandles(Page):
    """Candles of a symbol, one for every window."""

    symbol: str
    interval: Interval
    candles: list[FilledCandle]


class Aggregations(msgspec.Struct):
    """The newest candle of each interval."""

    symbol: str
    intervals: dict[Interval, Candle]


class Flows(Page):
    """Order flow of a symbol."""

    symbol: str
    interval: Interval
    order_flow: list[Flow]


class IndicatorsPage(Page):
    """Indicators of a symbol."""

    symbol: str
    interval: Interval
    indicators: list[IndicatorsOfCandle]


class Trends(Page):
    """Trends of a symbol."""

    symbol: str
    trends: list[Trend]


class Anomalies(Page):
    """Anomalies of a symbol."""

    symbol: str
    anomalies: list[Anomaly]


class SilentGap(Gap, tag_field="kind", tag="gap"):
    """A gap; for ``partition_silent`` ms of it nothing of any symbol came over its partition."""

    partition_silent: int


class Quality(Page):
    """What was counted of a symbol, its gaps and its prices far off."""

    symbol: str
    totals: Totals | None
    events: list[SilentGap | FatFinger]


class Outages(Page):
    """When nothing came over a partition."""

    outages: list[Outage]


class LateTrades(Page):
    """Trades too late to correct their candles."""

    symbol: str
    late_trades: list[LateTrade]


class Pair(msgspec.Struct):
    """How the returns of two symbols go together."""

    symbol: str
    other: str
    correlation: float | None
    returns: int
    timestamp: int


class Correlations(msgspec.Struct):
    """The strongest pairs, at the end of the minute that ends at ``timestamp``."""

    timestamp: int | None
    window: int | None
    left_out: int
    pairs: list[Pair]


class Alerts(Page):
    """Alerts of rules."""

    alerts: list[Alert]


class RejectedRecord(DeadLetter, gc=False):
    """A record that the pipeline rejected; ``text`` is its payload as people read it."""

    text: str


class DeadLetters(Page):
    """Rejected records, newest first, and how many there are of each reason."""

    total: int
    reasons: dict[str, int]
    dead_letters: list[RejectedRecord]


class Counts(msgspec.Struct):
    """What became of records: all but ``messages`` and ``records`` add up to ``records``."""

    messages: int
    records: int
    candles: int
    duplicates: int
    late: int
    rejected: int
    orders: int
    session: int
    in_flight: int


class SourceCounts(Counts):
    """What became of the records of a partition."""

    topic: str
    partition: int


class Ledger(msgspec.Struct):
    """Where every record went."""

    sources: list[SourceCounts]
    total: Counts
    balanced: bool
    duplicates: dict[str, int]
    updated_at: int | None


class Health(msgspec.Struct):
    """How the service stands; ``lag`` is messages that it has not read yet, by topic."""

    status: str
    ready: bool
    reasons: list[str]
    lag: dict[str, int]
    freshness_seconds: float | None


class RejectedRow(msgspec.Struct):
    """A row of an upload that is no trade; rows count from 1."""

    row: int
    reason: str
    detail: str


class Job(msgspec.Struct):
    """An upload; ``rows`` = ``published`` + ``rejected`` + ``filtered`` + ``in_flight``."""

    id: str
    state: Literal["receiving", "publishing", "done", "failed", "aborted"]
    form: str | None
    bytes: int
    rows: int
    published: int
    rejected: int
    filtered: int
    in_flight: int
    waiting: str
    error: str
    reasons: dict[str, int]
    rejects: list[RejectedRow]
    created_at: int
    received_at: int | None
    ended_at: int | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state in ("done", "failed", "aborted")


class Jobs(msgspec.Struct):
    """Uploads, newest first."""

    jobs: list[Job]


class Hook(msgspec.Struct):
    """A hook that was taken."""

    id: str
    event: str
    action: str | None
    repository: str | None
    sender: str | None
    received_at: int


class Hooks(Page):
    """Hooks, ascending by time."""

    events: list[Hook]
