"""Anomalies: trades far from those before them, with what they were held against."""

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs.sources import Topics, named
from udfs.zscore import PRICE

SEVERITIES = ((2.0, "critical"), (1.5, "major"), (0.0, "minor"))
"""From which multiple of the threshold on an anomaly is how severe."""


class Anomaly(msgspec.Struct, frozen=True, gc=False):
    """An anomaly as its topic has it."""

    symbol: str
    timestamp: int
    """Of the trade, ms since epoch."""
    kind: str
    """``price`` or ``quantity``."""
    value: float
    mean: float
    """Of the trades before it."""
    standard_deviation: float
    """Theirs, of a sample."""
    z: float
    """(value - mean) / standard_deviation."""
    threshold: float
    """That the distance reached."""
    severity: str
    trades: int
    """Held against so many."""
    topic: str
    partition: int
    offset: int
    updated_at: int


_json = msgspec.json.Encoder()


def messages(
    trades: NDArray[np.void],
    found: NDArray[np.void],
    names: list[str],
    topics: Topics,
    now_ms: int | None,
) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of the message of each of some findings about trades, updated now.

    At the time of the trade if that is None.
    """
    about = trades[found["trade"]]
    of_trades = about[["symbol", "timestamp", "price", "quantity", "source", "offset"]].tolist()
    fields = found[["kind", "mean", "deviation", "score", "threshold", "count"]].tolist()
    for trade, finding in zip(of_trades, fields, strict=True):
        code, timestamp, price, quantity, source, offset = trade
        kind, mean, deviation, score, threshold, count = finding
        times = abs(score) / threshold
        topic, partition = named(source, topics)
        anomaly = Anomaly(
            names[code],
            timestamp,
            "price" if kind == PRICE else "quantity",
            price if kind == PRICE else quantity,
            mean,
            deviation,
            score,
            threshold,
            next(name for least, name in SEVERITIES if times >= least),
            count,
            topic,
            partition,
            offset,
            timestamp if now_ms is None else now_ms,
        )
        yield names[code].encode(), _json.encode(anomaly)
