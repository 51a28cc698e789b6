"""What the service answers, as OpenAPI documents it.

The routes write these shapes straight from the records; a test holds both against each other.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.breaker import State
from api.records import Interval
from api.webhooks.answer import Reason

CANDLE = {
    "symbol": "BTC/USD",
    "interval": "1m",
    "start": 1767225600000,
    "end": 1767225660000,
    "open": 87508.83,
    "high": 87561.2,
    "low": 87490.0,
    "close": 87533.41,
    "volume": 12.5,
    "notional": 1094124.5,
    "vwap": 87529.96,
    "trades": 214,
    "buy_volume": 7.25,
    "final": True,
    "revision": 0,
    "updated_at": 1767225662120,
}
FILLED = {
    **CANDLE,
    "start": 1767225660000,
    "end": 1767225720000,
    **dict.fromkeys(("open", "high", "low", "close"), 87533.41),
    **dict.fromkeys(("volume", "notional", "buy_volume"), 0.0),
    **dict.fromkeys(("vwap", "updated_at")),
    "trades": 0,
    "filled": True,
    "cause": "quiet",
}
DEAD_LETTER = {
    "topic": "trades",
    "partition": 3,
    "offset": 80211,
    "index": 0,
    "reason": "invalid_json",
    "detail": "the bytes are not JSON",
    "payload": "eyJzeW1ib2wiOg==",
    "text": '{"symbol":',
    "rejected_at": 1767225660417,
}
COUNTS = {
    "messages": 52_000,
    "records": 52_000,
    "candles": 47_810,
    "duplicates": 1_594,
    "late": 12,
    "rejected": 2_584,
    "orders": 0,
    "session": 0,
    "in_flight": 0,
}
SOURCE = {"topic": "trades", "partition": 0, **COUNTS}
FLOW = {
    "symbol": "BTC/USD",
    "interval": "1m",
    "start": 1767225600000,
    "end": 1767225660000,
    "buy_orders": 310,
    "sell_orders": 290,
    "buy_cancels": 280,
    "sell_cancels": 260,
    "buy_replaces": 31,
    "sell_replaces": 29,
    "buy_fills": 12,
    "sell_fills": 8,
    "buy_quantity": 60.0,
    "sell_quantity": 40.0,
    "buy_notional": 5250000.0,
    "sell_notional": 3502000.0,
    "buy_filled": 1.5,
    "sell_filled": 1.0,
    "order_flow_imbalance": 0.2,
    "cancel_ratio": 0.9,
    "order_to_trade_ratio": 60.0,
    "fill_ratio": 0.025,
    "final": True,
    "revision": 0,
    "updated_at": 1767225662120,
}
BOOK = {
    "symbol": "BTC/USD",
    "time": 1767225660412,
    "best_bid": 87533.0,
    "best_ask": 87534.5,
    "spread": 1.5,
    "mid": 87533.75,
    "bids": [{"price": 87533.0, "quantity": 0.75, "orders": 2}],
    "asks": [{"price": 87534.5, "quantity": 0.25, "orders": 1}],
    "bid_depth": 0.75,
    "ask_depth": 0.25,
    "imbalance": 0.5,
    "open_orders": 3,
    "ignored": 0,
    "expired": 0,
    "updated_at": 1767225660503,
}
INDICATORS = {
    "start": 1767225600000,
    "end": 1767225660000,
    "close": 87533.41,
    "values": {"sma_20": 87510.2, "rsi_14": 54.1, "atr_14": None},
    "updated_at": 1767225662120,
}
TREND = {
    "symbol": "BTC/USD",
    "averagePrice": 87529.96,
    "meanPrice": 87531.02,
    "isVolatilityAnomaly": False,
    "swing": 0.00081,
    "threshold": 0.02,
    "high": 87561.2,
    "low": 87490.0,
    "trades": 214,
    "windowStartTimestamp": 1767225600000,
    "windowEndTimestamp": 1767225660000,
    "interval": "1m",
    "final": True,
    "revision": 0,
    "updated_at": 1767225662120,
}
ANOMALY = {
    "symbol": "BTC/USD",
    "timestamp": 1767225612345,
    "kind": "price",
    "interval": None,
    "value": 87912.0,
    "mean": 87531.5,
    "standard_deviation": 61.1,
    "z": 6.23,
    "threshold": 3.0,
    "severity": "critical",
    "count": 100,
    "topic": "trades",
    "partition": 3,
    "offset": 80211,
    "updated_at": 1767225614501,
    "features": None,
}
GAP = {
    "kind": "gap",
    "symbol": "BTC/USD",
    "timestamp": 1767225612345,
    "start": 1767225605345,
    "end": 1767225612345,
    "length": 7000,
    "threshold": 5000,
    "topic": "trades",
    "partition": 3,
    "offset": 80211,
    "updated_at": 1767225614501,
    "partition_silent": 6000,
}
OUTAGE = {
    "kind": "outage",
    "symbol": "",
    "timestamp": 1767225612101,
    "start": 1767225606101,
    "end": 1767225612101,
    "length": 6000,
    "threshold": 5000,
    "topic": "trades",
    "partition": 3,
    "updated_at": 1767225614501,
}
LATE_TRADE = {
    "symbol": "BTC/USD",
    "price": 87528.11,
    "quantity": 0.25,
    "timestamp": 1767224400123,
    "side": "sell",
    "trade_id": "80211",
    "exchange": None,
    "lateness": 1198877,
    "topic": "trades",
    "partition": 3,
    "offset": 80310,
}
PAIR = {
    "symbol": "BTC/USD",
    "other": "ETH/USD",
    "correlation": 0.8317,
    "returns": 60,
    "timestamp": 1767225660000,
}
TOTALS = {
    "kind": "totals",
    "symbol": "BTC/USD",
    "timestamp": 1767225612345,
    "trades": 48210,
    "duplicates": 12,
    "out_of_order": 410,
    "out_of_order_share": 0.0085,
    "late": 0,
    "fat_fingers": 1,
    "anomalies": 161,
    "crossed_clocks": 0,
    "gaps": {"500": 20, "5000": 1, "30000": 0},
    "updated_at": 1767225614501,
}
ALERT = {
    "id": "price shock/BTC/USD/1767225612345",
    "symbol": "BTC/USD",
    "timestamp": 1767225612345,
    "rule": "price shock",
    "kind": "price",
    "interval": None,
    "value": 6.23,
    "threshold": 6.0,
    "text": "price shock: BTC/USD price z 6.23 reached 6",
    "cause": ANOMALY,
    "updated_at": 1767225614501,
}
UNDELIVERED = {
    "target": "desk",
    "reason": "unavailable",
    "detail": "answered 503: try later",
    "attempts": 5,
    "first_attempt_at": 1767225614620,
    "given_up_at": 1767225621044,
    "alert": ALERT,
}
WEBHOOK = {
    "name": "desk",
    "host": "hooks.example.com",
    "rules": ["price shock"],
    "breaker": "closed",
    "delivered": 211,
    "failed_attempts": 6,
    "dead": 1,
    "last_status": 204,
    "last_at": 1767225702033,
}
STATUS = {
    "ready": True,
    "reasons": [],
    "lag": {"candles": 0, "dead_letters": 0, "ledger": 0, "order_flow": 0, "book": 0},
    "freshness_seconds": 0.31,
}


def example(value: dict[str, Any]) -> ConfigDict:
    """Configuration of a model that OpenAPI shows with an example."""
    return ConfigDict(json_schema_extra={"example": value})


class PageModel(BaseModel):
    """One page of a list, the newest rows first to be given; within it they are in order."""

    next: str | None = Field(
        description="The cursor of what is before this page in time; null if nothing is"
    )


class CandleModel(BaseModel):
    """One candle over [start, end)."""

    model_config = example(CANDLE)

    symbol: str
    interval: Interval
    start: int = Field(description="First ms of the interval, since the epoch, UTC")
    end: int = Field(description="First ms after the interval")
    open: float
    high: float
    low: float
    close: float
    volume: float = Field(description="Quantity traded")
    notional: float = Field(description="Sum of price times quantity")
    vwap: float = Field(description="Volume-weighted average price: notional / volume")
    trades: int = Field(description="Number of trades")
    buy_volume: float = Field(description="Quantity of the trades whose side is buy")
    final: bool = Field(description="False while the interval is still open")
    revision: int = Field(description="0; 1 and up if late trades corrected the final candle")
    updated_at: int = Field(description="When the pipeline wrote it, ms since the epoch")


class FilledCandleModel(BaseModel):
    """With `fill`: a candle, or what stands for an interval in which nothing was traded."""

    model_config = example(FILLED)

    symbol: str
    interval: Interval
    start: int = Field(description="First ms of the interval, since the epoch, UTC")
    end: int = Field(description="First ms after the interval")
    open: float | None = Field(description="Of a filled one the close before it, or null")
    high: float | None
    low: float | None
    close: float | None
    volume: float = Field(description="0 of a filled one, as all that is counted or summed")
    notional: float
    vwap: float | None = Field(description="Null of a filled one")
    trades: int
    buy_volume: float
    final: bool = Field(description="Of a filled one: whether a later candle is final")
    revision: int
    updated_at: int | None = Field(description="Null of a filled one")
    filled: bool = Field(description="Whether nothing was traded, and this is made up")
    cause: Literal["quiet", "outage"] | None = Field(
        description="Why nothing was traded: a quiet market, or an outage of the feed"
    )


class CandlesModel(PageModel):
    """Candles of one symbol and interval, ascending by start."""

    model_config = example(
        {"symbol": "BTC/USD", "interval": "1m", "candles": [CANDLE], "next": None}
    )

    symbol: str
    interval: Interval
    candles: list[CandleModel] | list[FilledCandleModel]


class AggregationsModel(BaseModel):
    """The newest candle of every interval there is of one symbol."""

    model_config = example({"symbol": "BTC/USD", "intervals": {"1m": CANDLE}})

    symbol: str
    intervals: dict[Interval, CandleModel]


class SymbolModel(BaseModel):
    """One symbol at a glance."""

    symbol: str
    last: float = Field(description="Newest price")
    time: int = Field(description="Start of the candle that has the newest price, ms")
    change: float | None = Field(
        description="Change of the price since `since`, as a fraction: 0.01 is 1%; null where the "
        "price then was 0"
    )
    since: int = Field(description="Start of the oldest minute kept of the last 24 hours, ms")
    intervals: list[Interval] = Field(description="Intervals that have candles")


class SymbolsModel(BaseModel):
    """Symbols in alphabetical order."""

    model_config = example(
        {
            "total": 1,
            "symbols": [
                {
                    "symbol": "BTC/USD",
                    "last": 87533.41,
                    "time": 1767225659000,
                    "change": 0.0123,
                    "since": 1767139200000,
                    "intervals": ["1s", "10s", "1m"],
                }
            ],
        }
    )

    total: int = Field(description="Symbols that match, also beyond the limit")
    symbols: list[SymbolModel]


class FlowModel(BaseModel):
    """Order flow over [start, end): what was asked for, and what was filled."""

    model_config = example(FLOW)

    symbol: str
    interval: Interval
    start: int = Field(description="First ms of the interval, since the epoch, UTC")
    end: int = Field(description="First ms after the interval")
    buy_orders: int = Field(description="New orders")
    sell_orders: int
    buy_cancels: int = Field(description="Requests to cancel an order")
    sell_cancels: int
    buy_replaces: int = Field(description="Requests to change an order")
    sell_replaces: int
    buy_fills: int = Field(description="Executions")
    sell_fills: int
    buy_quantity: float = Field(description="Quantity of the new orders")
    sell_quantity: float
    buy_notional: float = Field(description="Quantity times limit, of new orders with a limit")
    sell_notional: float
    buy_filled: float = Field(description="Quantity of the executions")
    sell_filled: float
    order_flow_imbalance: float | None = Field(
        description="(buy - sell) / (buy + sell), of the quantity of new orders: -1 to 1"
    )
    cancel_ratio: float | None = Field(description="Cancels for each new order")
    order_to_trade_ratio: float | None = Field(
        description="New orders, cancels and replaces for each execution"
    )
    fill_ratio: float | None = Field(description="Quantity filled for each unit ordered")
    final: bool = Field(description="False while the interval is still open")
    revision: int = Field(description="0; 1 and up if late messages corrected the final flow")
    updated_at: int = Field(description="When the pipeline wrote it, ms since the epoch")


class FlowsModel(PageModel):
    """Order flow of one symbol and interval, ascending by start."""

    model_config = example(
        {"symbol": "BTC/USD", "interval": "1m", "order_flow": [FLOW], "next": None}
    )

    symbol: str
    interval: Interval
    order_flow: list[FlowModel]


class IndicatorsOfCandleModel(BaseModel):
    """The indicators of one closed candle."""

    model_config = example(INDICATORS)

    start: int = Field(description="First ms of the candle, since the epoch, UTC")
    end: int = Field(description="First ms after it")
    close: float = Field(description="Its close")
    values: dict[str, float | None] = Field(
        description="By name, with the periods; null while there are too few candles for one"
    )
    updated_at: int = Field(description="When the pipeline wrote it, ms since the epoch")


class IndicatorsModel(PageModel):
    """Indicators of one symbol and interval, ascending by start."""

    model_config = example(
        {"symbol": "BTC/USD", "interval": "1m", "indicators": [INDICATORS], "next": None}
    )

    symbol: str
    interval: Interval
    indicators: list[IndicatorsOfCandleModel]


class TrendModel(BaseModel):
    """What the trades of one minute came to."""

    model_config = example(TREND)

    symbol: str
    averagePrice: float = Field(description="Weighted by volume")
    meanPrice: float = Field(description="Of the trades, each counting the same")
    isVolatilityAnomaly: bool = Field(description="Whether the swing is above the threshold")
    swing: float = Field(description="(high - low) / low")
    threshold: float
    high: float
    low: float
    trades: int
    windowStartTimestamp: int = Field(description="First ms of the minute, since the epoch")
    windowEndTimestamp: int = Field(description="First ms after it")
    interval: Interval
    final: bool = Field(description="True: a minute has a trend once it is over")
    revision: int = Field(description="0; 1 and up if late trades corrected the minute")
    updated_at: int = Field(description="When the pipeline wrote it, ms since the epoch")


class TrendsModel(PageModel):
    """Trends of one symbol, ascending by start."""

    model_config = example({"symbol": "BTC/USD", "trends": [TREND], "next": None})

    symbol: str
    trends: list[TrendModel]


class AnomalyModel(BaseModel):
    """A trade, or a candle, far from those before it, or rare to a model."""

    model_config = example(ANOMALY)

    symbol: str
    timestamp: int = Field(description="Of the trade, or the candle's start, ms since the epoch")
    kind: str = Field(
        description="price or quantity of a trade; return or volume of a candle, or model"
    )
    interval: Interval | None = Field(description="Of the candle")
    value: float = Field(description="Of the trade, or candle; of a model the score, 0 to 1")
    mean: float | None = Field(
        description="Of the trades before it; of candles the median; a model has none"
    )
    standard_deviation: float | None = Field(
        description="Theirs, of a sample; of candles 1.4826 times the median absolute deviation"
    )
    z: float | None = Field(description="(value - mean) / standard_deviation")
    threshold: float = Field(description="That z, above or below, or the score reached")
    severity: str = Field(
        description="minor, major (1.5 thresholds) or critical (2); of a model by how much nearer "
        "to 1 the score is than the threshold: 1.5 times, or twice"
    )
    count: int = Field(
        description="Trades, or candles, that it was held against; all that a model learned before"
    )
    topic: str | None = Field(description="Where the trade is")
    partition: int | None
    offset: int | None
    updated_at: int = Field(description="When the pipeline wrote it, ms since the epoch")
    features: dict[str, float] | None = Field(
        description="What a model saw of the candle, by name; null of other kinds"
    )


class AnomaliesModel(PageModel):
    """Anomalies of one symbol, ascending by time."""

    model_config = example({"symbol": "BTC/USD", "anomalies": [ANOMALY], "next": None})

    symbol: str
    anomalies: list[AnomalyModel]


class GapModel(BaseModel):
    """No trade of a symbol for too long."""

    kind: Literal["gap"]
    symbol: str
    timestamp: int = Field(description="Of the trade that ended it, ms since the epoch")
    start: int = Field(description="Of the trade before")
    end: int
    length: int = Field(description="ms")
    threshold: int = Field(description="The longest of the settings' lengths that it reached")
    topic: str = Field(description="Where the trade is that ended it")
    partition: int
    offset: int
    updated_at: int
    partition_silent: int = Field(
        description="How long of it nothing of any symbol came over the partition, ms: all of it, "
        "or most, if the feed was out; 0 if only this market was quiet"
    )


class OutageModel(BaseModel):
    """Nothing of any symbol came over a partition for too long."""

    kind: Literal["outage"]
    symbol: str = Field(description="Empty")
    timestamp: int = Field(description="When it was over, ms since the epoch")
    start: int = Field(description="When the last thing before it was")
    end: int
    length: int = Field(description="ms")
    threshold: int = Field(description="The longest of the settings' lengths that it reached")
    topic: str
    partition: int
    updated_at: int


class OutagesModel(PageModel):
    """Outages of partitions, ascending by time."""

    model_config = example({"outages": [OUTAGE], "next": None})

    outages: list[OutageModel]


class FatFingerModel(BaseModel):
    """A price far off the mean of those before it."""

    kind: Literal["fat_finger"]
    symbol: str
    timestamp: int = Field(description="Of the trade, ms since the epoch")
    price: float
    mean: float = Field(description="Of the prices before it")
    away: float = Field(description="price / mean - 1")
    threshold: float
    trades: int = Field(description="Held against so many")
    topic: str = Field(description="Where the trade is")
    partition: int
    offset: int
    updated_at: int


class TotalsModel(BaseModel):
    """What was counted of the trades of a symbol."""

    model_config = example(TOTALS)

    kind: Literal["totals"]
    symbol: str
    timestamp: int = Field(description="The newest of its trades, ms since the epoch")
    trades: int = Field(description="Copies left out")
    duplicates: int = Field(description="Copies")
    out_of_order: int = Field(description="That came after one of a higher time")
    out_of_order_share: float
    late: int = Field(description="That event time had passed: they are in no z-score and no gap")
    fat_fingers: int
    anomalies: int = Field(description="Trades that are")
    crossed_clocks: int = Field(description="Stamped later than their Kafka record")
    gaps: dict[str, int] = Field(description="By the longest length (ms) that they reached")
    updated_at: int


class QualityModel(PageModel):
    """What was counted of a symbol, and what happened, ascending by time."""

    model_config = example({"symbol": "BTC/USD", "totals": TOTALS, "events": [GAP], "next": None})

    symbol: str
    totals: TotalsModel | None = Field(description="Null before the first are there")
    events: list[GapModel | FatFingerModel]


class LateTradeModel(BaseModel):
    """A trade that came when its candles were past correcting."""

    model_config = example(LATE_TRADE)

    symbol: str
    price: float
    quantity: float
    timestamp: int = Field(description="Of the trade, ms since the epoch")
    side: str = Field(description="buy or sell")
    trade_id: str | None = Field(description="Null where the trade has none")
    exchange: str | None = Field(description="Null where the trade names none")
    lateness: int = Field(description="How far it was behind event time, ms")
    topic: str = Field(description="Where the trade is")
    partition: int
    offset: int


class LateTradesModel(PageModel):
    """Late trades of one symbol, ascending by time."""

    model_config = example({"symbol": "BTC/USD", "late_trades": [LATE_TRADE], "next": None})

    symbol: str
    late_trades: list[LateTradeModel]


class PairModel(BaseModel):
    """How the returns of two symbols go together."""

    symbol: str
    other: str
    correlation: float | None = Field(
        description="Pearson's, -1 to 1; null with too few common returns, or where a price stands"
    )
    returns: int = Field(description="Minutes of the window in which both have a return")
    timestamp: int = Field(description="End of the minute, ms since the epoch")


class CorrelationsModel(BaseModel):
    """Correlations of log returns of a minute, the strongest first."""

    model_config = example(
        {"timestamp": 1767225660000, "window": 60, "left_out": 0, "pairs": [PAIR]}
    )

    timestamp: int | None = Field(
        description="End of the newest minute, ms since the epoch; null before the first"
    )
    window: int | None = Field(description="Minutes that were looked at")
    left_out: int = Field(description="Symbols in no pair, as there were too many")
    pairs: list[PairModel]


class AlertModel(BaseModel):
    """A rule that was met."""

    model_config = example(ALERT)

    id: str = Field(description="Rule, symbol and time: one that comes again has it again")
    symbol: str
    timestamp: int = Field(description="Event time of what it was made of, ms since the epoch")
    rule: str = Field(description="The rule's name")
    kind: str = Field(description="The rule's kind")
    interval: Interval | None = Field(description="Of the candle that it was made of")
    value: float = Field(description="What was measured")
    threshold: float = Field(description="The rule's, that the value reached")
    text: str = Field(description="All of it in a line, for people")
    cause: dict[str, Any] = Field(description="The whole message that it was made of")
    updated_at: int = Field(description="When the pipeline wrote it, ms since the epoch")


class AlertsModel(PageModel):
    """Alerts, ascending by time."""

    model_config = example({"alerts": [ALERT], "next": None})

    alerts: list[AlertModel]


class WebhookModel(BaseModel):
    """What one webhook was sent by this instance of the service, since it started."""

    model_config = example(WEBHOOK)

    name: str
    host: str = Field(description="Of its URL, the rest of which may be secret")
    rules: list[str] | None = Field(description="Of which it wants alerts; null is all")
    breaker: State = Field(description="Open while nothing is sent; half open: one alert decides")
    delivered: int = Field(description="Alerts that it has taken")
    failed_attempts: int = Field(description="Requests that failed")
    dead: int = Field(description="Alerts that were given up on")
    last_status: int | None = Field(description="Of the newest request; null if it had no answer")
    last_at: int | None = Field(description="When the newest request ended, ms since the epoch")


class WebhooksModel(BaseModel):
    """The webhooks, in the order of the alerts file."""

    model_config = example({"webhooks": [WEBHOOK]})

    webhooks: list[WebhookModel]


class UndeliveredModel(BaseModel):
    """An alert that a webhook was not given."""

    model_config = example(UNDELIVERED)

    target: str = Field(description="The webhook's name")
    reason: Reason = Field(description="Fixed code of why")
    detail: str = Field(description="Why, in words: the last attempt's")
    attempts: int = Field(description="Requests; 0 if it was never sent")
    first_attempt_at: int | None = Field(description="ms since the epoch; null if there was none")
    given_up_at: int = Field(description="ms since the epoch")
    alert: AlertModel


class UndeliveredAlertsModel(PageModel):
    """Undelivered alerts, newest first."""

    model_config = example(
        {"total": 1, "reasons": {"unavailable": 1}, "undelivered": [UNDELIVERED], "next": None}
    )

    total: int = Field(description="Those that match, also beyond the limit")
    reasons: dict[str, int] = Field(description="How many of those there are of each reason")
    undelivered: list[UndeliveredModel]


class LevelModel(BaseModel):
    """All open orders of one price."""

    price: float
    quantity: float
    orders: int = Field(description="How many")


class BookModel(BaseModel):
    """The best five prices of each side of a symbol's open orders."""

    model_config = example(BOOK)

    symbol: str
    time: int = Field(description="When the newest message about an order was, ms since the epoch")
    best_bid: float | None = Field(description="Null where nobody buys")
    best_ask: float | None = Field(description="Null where nobody sells")
    spread: float | None = Field(description="Best ask less best bid")
    mid: float | None = Field(description="Between the two")
    bids: list[LevelModel] = Field(description="The best five, the highest first")
    asks: list[LevelModel] = Field(description="The best five, the lowest first")
    bid_depth: float = Field(description="Quantity of these bids")
    ask_depth: float = Field(description="Quantity of these asks")
    imbalance: float | None = Field(description="(bid - ask) / (bid + ask), of the depth: -1 to 1")
    open_orders: int = Field(description="Orders that are open, at any price")
    ignored: int = Field(description="Orders that there was no room for: the book lacks them")
    expired: int = Field(description="Orders forgotten because nothing was heard of them for long")
    updated_at: int = Field(description="When the pipeline wrote it, ms since the epoch")


class DeadLetterModel(BaseModel):
    """A record that the pipeline rejected."""

    model_config = example(DEAD_LETTER)

    topic: str = Field(description="Where it came from")
    partition: int
    offset: int
    index: int = Field(description="Position inside a packed message")
    reason: str = Field(description="Fixed code of what is wrong")
    detail: str = Field(description="What is wrong, in words")
    payload: str = Field(description="The record, base64; its first 6 KiB")
    text: str = Field(description="The payload as UTF-8, with | for the SOH of FIX")
    rejected_at: int = Field(description="ms since the epoch")


class DeadLettersModel(PageModel):
    """Dead letters, newest first."""

    model_config = example(
        {"total": 1, "reasons": {"invalid_json": 1}, "dead_letters": [DEAD_LETTER], "next": None}
    )

    total: int = Field(description="Dead letters that match, also beyond the limit")
    reasons: dict[str, int] = Field(description="How many of those there are of each reason")
    dead_letters: list[DeadLetterModel]


class LedgerCountsModel(BaseModel):
    """What was read, and what became of it, since the job first started."""

    model_config = example(COUNTS)

    messages: int = Field(description="Messages read from Kafka")
    records: int = Field(description="Records in them")
    candles: int = Field(description="Records that are in candles")
    duplicates: int = Field(description="Records that came before; they count once")
    late: int = Field(description="Records too late to correct their candles")
    rejected: int = Field(description="Records that became dead letters")
    orders: int = Field(description="Messages of FIX that are no trades")
    session: int = Field(description="Messages that keep a session of FIX going")
    in_flight: int = Field(
        description="Records read whose outcome no account has yet: records - candles - "
        "duplicates - late - rejected - orders - session. Each shard tells its account every "
        "TAPELINE_LEDGER_MS, none at the same moment: while records come, this is off by what came "
        "in that time, below 0 too; it is exact once nothing more came for so long"
    )


class LedgerSourceModel(LedgerCountsModel):
    """The counts of one partition."""

    model_config = example(SOURCE)

    topic: str = Field(description="Where the records came from")
    partition: int


class LedgerModel(BaseModel):
    """Where every record went: what the newest accounts of all shards add up to."""

    model_config = example(
        {
            "sources": [SOURCE],
            "total": COUNTS,
            "balanced": True,
            "duplicates": {"BTC/USD": 1_560, "ETH/USD": 34},
            "updated_at": 1767225660417,
        }
    )

    sources: list[LedgerSourceModel] = Field(description="In the order of topic and partition")
    total: LedgerCountsModel = Field(description="The counts of all sources together")
    balanced: bool = Field(
        description="Whether no source has anything in flight: seldom while records come, always "
        "once they have all been told of"
    )
    duplicates: dict[str, int] = Field(description="Duplicates by symbol, the most first")
    updated_at: int | None = Field(
        description="When the newest account was written, ms since the epoch; null before the first"
    )


class StatusModel(BaseModel):
    """Whether the service may be asked for candles, and how current they are."""

    model_config = example(STATUS)

    ready: bool
    reasons: list[str] = Field(description="Why it is not ready; empty if it is")
    lag: dict[str, int] = Field(description="Messages not read yet, by topic")
    freshness_seconds: float | None = Field(description="Age of the newest candle's update")


class HealthModel(StatusModel):
    """The process is alive; whether it is ready stands beside it."""

    model_config = example({"status": "alive", **STATUS})

    status: Literal["alive"] = "alive"
