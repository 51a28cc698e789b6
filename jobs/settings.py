"""Every setting of the jobs, typed, read once from the environment (``TAPELINE_...``)."""

import re
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from udfs.intervals import INTERVALS
from udfs.periods import (
    MOST_GAPS,
    CorrelationRules,
    ModelRules,
    Periods,
    RobustRules,
    ScoreRules,
    SlidingWindow,
)
from udfs.sources import Topics, numbered

Topic = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]

OUTPUTS = (
    *("candles", "late_trades", "dead_letters", "ledger", "order_flow", "book"),
    *("indicators", "sliding", "trends", "anomalies", "quality", "correlations", "alerts"),
)
"""What the job writes; each has a topic."""
Period = Annotated[int, Field(ge=2, le=1_000)]
_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Settings(BaseSettings):
    """What a job may be told from outside.

    Every field is read from ``TAPELINE_`` plus its name in capitals; a wrong value stops the job
    before it is submitted, with pydantic's message naming the field.
    """

    model_config = SettingsConfigDict(env_prefix="TAPELINE_", frozen=True, extra="ignore")

    bootstrap_servers: str = Field("localhost:9092", description="Kafka brokers, host:port,...")
    group_id: str = Field("tapeline", description="Consumer group that offsets are committed under")
    trades_topics: Annotated[tuple[Topic, ...], NoDecode] = Field(
        ("trades",), min_length=1, description="Input topics of trades, separated by commas"
    )
    orders_topics: Annotated[tuple[Topic, ...], NoDecode] = Field(
        ("orders",), description="Input topics of FIX 4.2, separated by commas; may be none"
    )
    candles_topic: Topic = Field("candles", description="Output: candles")
    late_trades_topic: Topic = Field(
        "late_trades", description="Output: trades past the correction horizon"
    )
    dead_letters_topic: Topic = Field("dead_letters", description="Output: rejected records")
    ledger_topic: Topic = Field("ledger", description="Output: where every record went")
    order_flow_topic: Topic = Field("order_flow", description="Output: order flow")
    book_topic: Topic = Field("book", description="Output: books of open orders")
    indicators_topic: Topic = Field("indicators", description="Output: indicators of candles")
    sliding_topic: Topic = Field("sliding_windows", description="Output: sliding windows")
    anomalies_topic: Topic = Field(
        "anomalies", description="Output: trades and candles far from others"
    )
    quality_topic: Topic = Field("quality", description="Output: gaps, odd prices and totals")
    trends_topic: Topic = Field("analyzed_market_trends", description="Output: trends of a minute")
    correlations_topic: Topic = Field(
        "correlations", description="Output: correlations of all pairs of symbols, each minute"
    )
    alerts_topic: Topic = Field("alerts", description="Output: alerts")
    start_from: str = Field(
        "group",
        pattern="^(group|earliest|latest|[0-9]{1,15})$",
        description="Where a job without state starts: the group's offsets (else earliest), "
        "earliest, latest, or a record timestamp, ms since 1970",
    )
    stop_at: str = Field(
        "never",
        pattern="^(never|latest|[0-9]{1,15})$",
        description="Where the job ends: never, or at the newest record there is when it starts "
        "(a backfill: every window closes, and the job finishes), or at a record timestamp, ms "
        "since 1970: of the records from start_from on, those that are older count, as far as "
        "they come out of order by watermark_delay_ms at most",
    )

    event_time_from: str = Field(
        "record",
        pattern="^(record|payload)$",
        description="Where the watermark comes from: the Kafka record's timestamp, or the first "
        "trade's in its payload (slower; for producers that do not set the record's)",
    )
    watermark_delay_ms: int = Field(
        2_000, ge=0, description="How far out of order trades may come and still be in time, ms"
    )
    idle_timeout_ms: int = Field(
        5_000,
        ge=0,
        description="Silence after which a partition holds nothing back, and after which event "
        "time goes on by the clock where all are silent, ms; 0 is never",
    )
    max_ahead_ms: int = Field(
        60_000,
        ge=0,
        description="How far a trade's time may be ahead of its Kafka record's, and a record's "
        "ahead of the clock to move the watermark, ms",
    )
    max_drift_ms: int = Field(
        600_000,
        ge=0,
        description="How far one partition may be read ahead of the slowest, in event time, ms; "
        "0 is as far as it goes, as it is of a job that ends (FLINK-39728)",
    )
    shards: int = Field(16, ge=1, le=4096, description="Groups that symbols are hashed into")
    shards_before: int = Field(
        0,
        ge=0,
        le=4096,
        description="How many shards the state was written with, if they were others: they hand it "
        "over; scripts/upgrade.sh sets it by itself",
    )
    symbols_per_shard: int = Field(
        10_000,
        ge=1,
        description="Symbols that a shard has candles or order flow of at once, 1.6 kB each and up "
        "to 30 kB with analytics; "
        "trades and orders of more are rejected (too_many_symbols) until others had none for a day",
    )
    correction_ms: int = Field(
        900_000,
        ge=0,
        description="How far behind the watermark a trade still corrects its candles, ms",
    )
    duplicate_ttl_ms: int = Field(
        900_000,
        ge=0,
        description="How long a trade is remembered, so that copies of it do not count, in event "
        "time, ms; 0 is not at all",
    )
    forming_intervals: Annotated[tuple[str, ...], NoDecode] = Field(
        ("1s", "10s", "1m"),
        description="Intervals whose candles are published while they form, separated by commas; "
        "without any, no candle is before it is final",
    )
    forming_ms: int = Field(
        200,
        ge=1,
        description="Time between two forming candles, or flows, of a symbol and interval, ms",
    )
    revision_ms: int = Field(
        1_000,
        ge=1,
        description="Time between two revisions of a candle, or flow, that late trades correct, "
        "and of what follows from it, ms; the first comes at once, and while a backlog is read it "
        "is up to five times as long",
    )
    updated_at: str = Field(
        "clock",
        pattern="^(clock|end)$",
        description="What candles say in updated_at: the clock, or the end of their window (for "
        "replays: the same input then gives the same bytes)",
    )
    ledger_ms: int = Field(5_000, ge=1, description="Time between two accounts of a shard, ms")
    open_orders: int = Field(
        10_000,
        ge=1,
        description="Open orders of a symbol that its book holds, 48 bytes each; further ones are "
        "ignored, and counted in the book",
    )
    order_ttl_ms: int = Field(
        86_400_000,
        ge=60_000,
        description="How long an order of which nothing is heard stays in the book, in event "
        "time, ms",
    )
    book_ms: int = Field(
        200, ge=1, description="Time between two messages of the book of a symbol, ms"
    )

    analytics: bool = Field(
        True, description="Whether anything but candles, order flow and books is computed"
    )
    indicator_intervals: Annotated[tuple[str, ...], NoDecode] = Field(
        tuple(INTERVALS),
        description="Intervals whose closed candles have indicators, separated by commas; without "
        "any there are none",
    )
    sma_periods: Annotated[tuple[Period, ...], NoDecode] = Field(
        (20, 50), description="Candles in plain moving averages, separated by commas"
    )
    ema_periods: Annotated[tuple[Period, ...], NoDecode] = Field(
        (12, 26), description="Candles in moving averages by exponents, separated by commas"
    )
    rsi_period: Period = Field(14, description="Candles in the relative strength index")
    macd_periods: Annotated[tuple[Period, Period, Period], NoDecode] = Field(
        (12, 26, 9), description="Candles in the fast average of MACD, the slow one and its signal"
    )
    bollinger_period: Period = Field(20, description="Candles in Bollinger bands")
    bollinger_width: float = Field(
        2.0, gt=0, le=100, description="How far the bands are away, in standard deviations"
    )
    atr_period: Period = Field(14, description="Candles in the average true range")
    vwap_period: Period = Field(20, description="Candles in the rolling VWAP")
    volatility_period: Period = Field(20, description="Log returns in realized volatility")
    sliding_windows: Annotated[tuple[str, ...], NoDecode] = Field(
        ("1m/10s", "5m/1m", "60m/1m"),
        description="Windows that slide: their length and by how much, an interval of candles, "
        "that the length has 2 to 1,000 times; separated by commas",
    )
    swing_percent: float = Field(
        2.0,
        gt=0,
        description="How far the high of a minute may be above its low before it is a volatility "
        "anomaly, percent",
    )
    series_ttl_ms: int = Field(
        604_800_000,
        ge=0,
        description="How long a symbol without trades is remembered for its indicators, in event "
        "time, ms",
    )

    z_window: int = Field(
        100, ge=2, le=10_000, description="Trades of a symbol that one is held against"
    )
    z_least: int = Field(
        20, ge=2, description="With fewer trades before it, nothing is said of a trade"
    )
    z_threshold: float = Field(
        3.0,
        gt=0,
        description="From which z-score on, above or below, a trade or candle is an anomaly",
    )
    z_thresholds: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Those of symbols that have another: BTCUSDT=4,ETHUSDT=3.5"
    )
    robust_intervals: Annotated[tuple[str, ...], NoDecode] = Field(
        tuple(INTERVALS),
        description="Intervals whose candles are held against those before them, by return and "
        "volume, separated by commas; or none",
    )
    robust_window: int = Field(
        60, ge=2, le=10_000, description="Candles of a symbol that one is held against"
    )
    robust_least: int = Field(
        20, ge=2, description="With fewer candles before it, nothing is said of a candle"
    )
    model_intervals: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Intervals of whose candles a model learns what is usual, separated by commas; "
        "none by default. Its state is 5.2 kB a symbol and interval, twice that in memory",
    )
    model_threshold: float = Field(
        0.95,
        gt=0,
        lt=1,
        description="From which score of the model on, 0 to 1, a candle is an anomaly",
    )
    model_trees: int = Field(
        10, ge=1, le=100, description="Trees of a model; it takes time and state in proportion"
    )
    model_height: int = Field(
        6,
        ge=1,
        le=10,
        description="Cuts on the way down a tree; one more doubles the state, and raises scores",
    )
    model_window: int = Field(
        250,
        ge=2,
        le=10_000,
        description="Candles of a symbol and interval that are learned before any is scored, and "
        "after which what was learned is renewed",
    )
    fat_finger_percent: float = Field(
        10.0, gt=0, description="How far a price may be from the mean of those before it, percent"
    )
    gaps_ms: Annotated[tuple[int, ...], NoDecode] = Field(
        (500, 5_000, 30_000),
        max_length=MOST_GAPS,
        description="From which time without a trade of a symbol on there is a gap, and without "
        "anything on a whole partition an outage, ms, ascending, separated by commas",
    )

    correlation_window: int = Field(
        60,
        ge=0,
        le=1_440,
        description="Minutes whose log returns are held against each other, of all pairs of "
        "symbols; 0 is no correlations",
    )
    correlation_least: int = Field(
        20, ge=3, description="With fewer common returns a pair of symbols has no correlation"
    )
    correlation_symbols: int = Field(
        1_000,
        ge=2,
        le=5_000,
        description="Of so many symbols there are correlations, those with most trades in the "
        "window; a minute of 1,000 has half a million pairs",
    )

    alerts_file: str = Field(
        "", description="YAML file with the rules of alerts; without one there are none"
    )

    delivery: str = Field(
        "at-least-once",
        pattern="^(at-least-once|exactly-once)$",
        description="Of the output: at-least-once (repeats after a recovery) or exactly-once "
        "(Kafka transactions; seen with every checkpoint, by readers at read_committed)",
    )
    transaction_timeout_ms: int = Field(
        600_000,
        ge=1_000,
        description="How long the broker keeps a transaction of a job that is gone, ms: longer "
        "than a recovery may take, at most the broker's transaction.max.timeout.ms",
    )
    checkpoint_interval_ms: int = Field(10_000, ge=100, description="Time between checkpoints, ms")
    bundle_ms: int = Field(
        100,
        ge=1,
        description="Longest time a record waits for its batch to fill, ms; the frames of it wait "
        "for others, on their way to their shard, a tenth of that",
    )
    batch_bytes: int = Field(
        16_000_000,
        ge=1,
        le=1 << 28,
        description="Most bytes of Kafka records that go to Python in one batch; a larger record "
        "goes alone",
    )
    batch_folder: str = Field(
        "/dev/shm",
        description="A folder in memory, where a TaskManager shares batches with its Python "
        "workers, one at a time for each subtask; where it has no room, or if empty, they go "
        "through a socket. If empty, so do messages on their way back",
    )

    @field_validator(
        *("trades_topics", "orders_topics", "forming_intervals", "indicator_intervals"),
        *("robust_intervals", "sma_periods", "ema_periods", "macd_periods", "sliding_windows"),
        *("z_thresholds", "gaps_ms", "model_intervals"),
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, value.split(","))) if isinstance(value, str) else value

    @field_validator(
        "forming_intervals", "indicator_intervals", "robust_intervals", "model_intervals"
    )
    @classmethod
    def _are_intervals(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = set(names) - set(INTERVALS)
        if unknown:
            raise ValueError(f"expected some of {', '.join(INTERVALS)}, got {sorted(unknown)}")
        return names

    @field_validator("macd_periods")
    @classmethod
    def _slow_is_slower(cls, periods: tuple[int, int, int]) -> tuple[int, int, int]:
        if periods[0] >= periods[1]:
            raise ValueError(f"the slow average must be longer than the fast one, got {periods}")
        return periods

    @field_validator("sliding_windows")
    @classmethod
    def _slide_by_intervals(cls, windows: tuple[str, ...]) -> tuple[str, ...]:
        for window in windows:
            _sliding(window)
        return windows

    @field_validator("gaps_ms")
    @classmethod
    def _gaps_ascend(cls, lengths: tuple[int, ...]) -> tuple[int, ...]:
        if sorted(set(lengths)) != list(lengths) or any(length < 1 for length in lengths):
            raise ValueError(f"expected lengths above 0 that ascend, got {lengths}")
        return lengths

    @field_validator("z_thresholds")
    @classmethod
    def _are_thresholds(cls, pairs: tuple[str, ...]) -> tuple[str, ...]:
        for pair in pairs:
            _threshold(pair)
        return pairs

    @model_validator(mode="after")
    def _enough_to_judge(self) -> Self:
        for kind in ("z", "robust", "correlation"):
            window = getattr(self, f"{kind}_window")
            if window and getattr(self, f"{kind}_least") > window:
                raise ValueError(f"{kind}_least must be at most {kind}_window ({window})")
        return self

    @model_validator(mode="after")
    def _topics_differ(self) -> Self:
        topics = [*self.inputs, *self.outputs.values()]
        if len(set(topics)) < len(topics):
            raise ValueError(f"every topic needs a name of its own, got {topics}")
        return self

    @model_validator(mode="after")
    def _shards_differ(self) -> Self:
        if self.shards == self.shards_before:
            raise ValueError(f"shards_before must differ from shards, got {self.shards} for both")
        return self

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        from_ms, to_ms = self.span_ms
        if from_ms is not None and to_ms is not None and from_ms >= to_ms:
            raise ValueError(f"stop_at must be after start_from, got {from_ms} and {to_ms}")
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every topic that is read."""
        return (*self.trades_topics, *self.orders_topics)

    @property
    def topics(self) -> Topics:
        """The topics that are read, by their numbers."""
        return numbered(self.trades_topics, self.orders_topics)

    @property
    def outputs(self) -> dict[str, str]:
        """The topic of each of OUTPUTS."""
        return {name: getattr(self, f"{name}_topic") for name in OUTPUTS}

    @property
    def periods(self) -> Periods:
        """Those of the indicators."""
        return Periods(
            sma=self.sma_periods,
            ema=self.ema_periods,
            rsi=self.rsi_period,
            macd=self.macd_periods,
            bollinger=self.bollinger_period,
            bollinger_width=self.bollinger_width,
            atr=self.atr_period,
            vwap=self.vwap_period,
            volatility=self.volatility_period,
        )

    @property
    def robust(self) -> RobustRules:
        """How candles are held against those before them."""
        return RobustRules(
            intervals=self.robust_intervals,
            window=self.robust_window,
            least=self.robust_least,
            threshold=self.z_threshold,
            thresholds=tuple(map(_threshold, self.z_thresholds)),
        )

    @property
    def model(self) -> ModelRules:
        """What learns the candles."""
        return ModelRules(
            intervals=self.model_intervals,
            trees=self.model_trees,
            height=self.model_height,
            window=self.model_window,
            threshold=self.model_threshold,
        )

    @property
    def windows(self) -> tuple[SlidingWindow, ...]:
        """Those that slide."""
        return tuple(map(_sliding, self.sliding_windows))

    @property
    def silences_ms(self) -> tuple[int, ...]:
        """From which time without any record of a partition on there is an outage, ascending."""
        return self.gaps_ms if self.analytics else ()

    @property
    def correlations(self) -> CorrelationRules:
        """How the returns of symbols are held against each other."""
        return CorrelationRules(
            window=self.correlation_window if self.analytics else 0,
            least=self.correlation_least,
            symbols=self.correlation_symbols,
            quiet_ms=self.quiet_ms,
            stamp_end=self.updated_at == "end",
        )

    @property
    def scores(self) -> ScoreRules:
        """How trades are held against those before them."""
        return ScoreRules(
            window=self.z_window,
            least=self.z_least,
            threshold=self.z_threshold,
            thresholds=tuple(map(_threshold, self.z_thresholds)),
            fat_finger=self.fat_finger_percent / 100,
            gaps_ms=self.gaps_ms,
        )

    @property
    def quiet_ms(self) -> int:
        """Silence after which event time goes on by the clock, ms; 0 is never."""
        # A backfill's time passes with its records alone.
        return self.idle_timeout_ms if self.stop_at == "never" else 0

    def environment(self) -> dict[str, str]:
        """The settings as a job reads them."""
        return {
            f"TAPELINE_{name.upper()}": ",".join(map(str, value))
            if isinstance(value, tuple)
            else str(value)
            for name, value in self
        }

    @property
    def span_ms(self) -> tuple[int | None, int | None]:
        """The record timestamps (ms) to start from and to end before, where they are such."""
        from_ms, to_ms = (
            int(text) if text.isdigit() else None for text in (self.start_from, self.stop_at)
        )
        return from_ms, to_ms


def _threshold(pair: str) -> tuple[str, float]:
    """A symbol and its threshold.

    Raises:
        ValueError: it is none.
    """
    symbol, _, number = pair.rpartition("=")
    try:
        threshold = float(number)
    except ValueError:
        threshold = 0.0
    if not symbol or not 0 < threshold < float("inf"):
        raise ValueError(f"expected a symbol and a number above 0, such as BTCUSDT=4, got {pair}")
    return symbol, threshold


def _sliding(text: str) -> SlidingWindow:
    """A window of its setting, such as ``5m/1m``.

    Raises:
        ValueError: it is none.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,4})([smhd])/(\w+)", text)
    if match is None or match[3] not in INTERVALS:
        raise ValueError(f"expected a length and an interval, such as 5m/1m, got {text}")
    size_ms = int(match[1]) * _UNITS_MS[match[2]]
    times, rest = divmod(size_ms, INTERVALS[match[3]])
    if rest or not 2 <= times <= 1_000:
        raise ValueError(f"the length must have the slide 2 to 1,000 times, got {text}")
    return SlidingWindow(text.partition("/")[0], size_ms, match[3])
