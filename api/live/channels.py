"""The channels that clients subscribe to, and the kinds of messages behind them."""

from typing import Any, Literal

from api.records import INTERVALS

Kind = Literal[
    "candles", "indicators", "order_flow", "trends", "anomalies", "quality", "book", "alerts"
]
"""What a topic that is streamed holds."""

WINDOWED = ("candles", "finals", "indicators", "order_flow")
PLAIN = ("trends", "anomalies", "quality", "book", "alerts")
CHANNELS: tuple[str, ...] = (
    *(f"{name}.{interval}" for name in WINDOWED for interval in INTERVALS),
    *PLAIN,
)
_KINDS: dict[str, Kind] = {"finals": "candles"}
_PLAIN = {name: (name,) for name in PLAIN}
_OF_INTERVALS = {
    (name, interval): (f"{name}.{interval}",) for name in WINDOWED for interval in INTERVALS
}
_OF_CLOSED = {each: (f"candles.{each}", f"finals.{each}") for each in INTERVALS}


def kind_of(channel: str) -> Kind:
    """The kind of messages behind a channel."""
    name = channel.partition(".")[0]
    return _KINDS.get(name, name)  # type: ignore[arg-type]


def channels_of(kind: Kind, row: Any) -> tuple[str, ...]:
    """The channels that a row of a topic goes to; a closed candle goes to two."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind == "candles" and row.final:
        return _OF_CLOSED[row.interval]
    return _OF_INTERVALS[kind, row.interval]
