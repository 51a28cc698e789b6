"""Anomalies: trades far from those before them, with what they were held against."""

from collections.abc import Iterator
from itertools import repeat

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs.sources import Topics, named
from udfs.zscore import PRICE

SEVERITIES = ((2.0, "critical"), (1.5, "major"), (0.0, "minor"))
"""From which multiple of the threshold on an anomaly is how severe."""
_SEVERITY_NAMES = [name for _, name in SEVERITIES]


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
    codes, sources = about["symbol"].tolist(), about["source"].tolist()
    times = about["timestamp"].tolist()
    is_price = found["kind"] == PRICE
    beyond = np.abs(found["score"]) / found["threshold"]
    severities = np.select([beyond >= least for least, _ in SEVERITIES], _SEVERITY_NAMES, "")
    places = {source: named(source, topics) for source in set(sources)}
    keys = {code: names[code].encode() for code in set(codes)}
    made = map(
        Anomaly,
        [names[code] for code in codes],
        times,
        np.where(is_price, "price", "quantity").tolist(),
        np.where(is_price, about["price"], about["quantity"]).tolist(),
        *(found[name].tolist() for name in ("mean", "deviation", "score", "threshold")),
        severities.tolist(),
        found["count"].tolist(),
        [places[source][0] for source in sources],
        [places[source][1] for source in sources],
        about["offset"].tolist(),
        times if now_ms is None else repeat(now_ms),
    )
    # Of all that shards publish these are the most: encoded together they take half the time.
    lines = _json.encode_lines(made).split(b"\n")
    return zip([keys[code] for code in codes], lines, strict=False)
