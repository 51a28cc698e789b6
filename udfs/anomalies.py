"""Anomalies: trades and candles far from those before them, with what they were held against."""

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs import anomaly_writer, learned, robust
from udfs.anomaly_writer import SEVERITIES
from udfs.intervals import INTERVALS
from udfs.periods import Limits, ModelRules
from udfs.sources import Topics, named
from udfs.zscore import PRICE

_SEVERITY_NAMES = [name for _, name in SEVERITIES]
_INTERVALS = list(INTERVALS)


class Anomaly(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An anomaly as its topic has it."""

    symbol: str
    timestamp: int
    """Of the trade, or of the start of the candle, ms since epoch."""
    kind: str
    """``price`` or ``quantity`` of a trade; ``return`` or ``volume`` of a candle, or ``model``."""
    interval: str | None
    """Of the candle."""
    value: float
    """Of the trade or candle; of a model the score, 0 to 1."""
    mean: float | None
    """Of the trades before it; of candles the median; a model has none."""
    standard_deviation: float | None
    """Theirs, of a sample; of candles 1.4826 times the median absolute deviation."""
    z: float | None
    """(value - mean) / standard_deviation."""
    threshold: float
    """That the distance, or the score, reached."""
    severity: str
    count: int
    """Trades, or candles, that it was held against; of a model all that it learned before."""
    topic: str | None
    """Where the trade is."""
    partition: int | None
    offset: int | None
    updated_at: int
    features: dict[str, float] | None = None
    """What a model saw of the candle, by name; only its messages have this."""


_json = msgspec.json.Encoder()


def messages(
    trades: NDArray[np.void],
    found: NDArray[np.void],
    names: list[str],
    topics: Topics,
    now_ms: int | None,
) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of the message of each of some findings about trades, updated now.

    At the time of the trade if that is None. A kernel writes them, as there may be more of these
    than of all other messages.
    """
    about = trades.take(found["trade"])
    written = anomaly_writer.write(about, found, names, topics, now_ms)
    codes = about["symbol"].tolist()
    keys = {code: names[code].encode() for code in set(codes)}
    for place in [place for place, message in enumerate(written) if not message]:
        written[place] = _json.encode(_odd(about[place], found[place], names, topics, now_ms))
    return zip([keys[code] for code in codes], written, strict=True)


def _odd(
    trade: np.void, finding: np.void, names: list[str], topics: Topics, now_ms: int | None
) -> Anomaly:
    """The anomaly of a trade whose numbers the kernel cannot write."""
    kind = "price" if finding["kind"] == PRICE else "quantity"
    timestamp, score, threshold = (
        each.item() for each in (trade["timestamp"], finding["score"], finding["threshold"])
    )
    (severity,) = _severities(np.array([score]), np.array([threshold]))
    return Anomaly(
        *(names[trade["symbol"]], timestamp, kind, None, trade[kind].item()),
        *(finding["mean"].item(), finding["deviation"].item(), score, threshold, severity),
        finding["count"].item(),
        *named(trade["source"].item(), topics),
        trade["offset"].item(),
        timestamp if now_ms is None else now_ms,
    )


def of_candles(
    rows: NDArray[np.void],
    values: NDArray[np.float64],
    limits: Limits,
    names: list[str],
    now_ms: int | None,
) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of the message of each candle that is an anomaly, updated now.

    At the end of its window if that is None.

    Args:
        rows: (n,) of CANDLE.
        values: (n, 5 values of each kind) of ``robust.Robust``.
        limits: From which score on.
        names: Of the symbols, by code.
        now_ms: When.
    """
    thresholds = limits.of(names[code] for code in rows["symbol"].tolist())
    for number, kind in enumerate(robust.KINDS):
        of_kind = values[:, number * robust.FIELDS : (number + 1) * robust.FIELDS]
        scores = of_kind[:, robust.SCORE]
        places = np.flatnonzero(np.abs(scores) >= thresholds)
        severities = _severities(scores[places], thresholds[places])
        for place, severity in zip(places.tolist(), severities, strict=True):
            row = rows[place]
            interval = _INTERVALS[row["interval"]]
            name, start = names[row["symbol"]], int(row["start"])
            value, median, deviation, score, count = of_kind[place].tolist()
            anomaly = Anomaly(
                *(name, start, kind, interval, value, median, deviation, score),
                *(float(thresholds[place]), severity, int(count), None, None, None),
                start + INTERVALS[interval] if now_ms is None else now_ms,
            )
            yield name.encode(), _json.encode(anomaly)


def of_model(
    rows: NDArray[np.void],
    values: NDArray[np.float64],
    rules: ModelRules,
    names: list[str],
    now_ms: int | None,
) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of the message of each candle that is rare to a model, updated now.

    At the end of its window if that is None. How severe it is follows from how much nearer to 1,
    the rarest, the score is than the threshold.

    Args:
        rows: (n,) of CANDLE.
        values: (n, score, count and features) of ``learned.Model``.
        rules: From which score on.
        names: Of the symbols, by code.
        now_ms: When.
    """
    scores = values[:, learned.SCORE]
    places = np.flatnonzero(scores >= rules.threshold)
    severities = _severities(np.full(places.size, 1 - rules.threshold), 1 - scores[places])
    for place, severity in zip(places.tolist(), severities, strict=True):
        row = rows[place]
        interval = _INTERVALS[row["interval"]]
        name, start = names[row["symbol"]], int(row["start"])
        score, count, *features = values[place].tolist()
        anomaly = Anomaly(
            *(name, start, "model", interval, score, None, None, None),
            *(rules.threshold, severity, int(count), None, None, None),
            start + INTERVALS[interval] if now_ms is None else now_ms,
            dict(zip(learned.FEATURES, features, strict=True)),
        )
        yield name.encode(), _json.encode(anomaly)


def _severities(scores: NDArray[np.float64], thresholds: NDArray[np.float64]) -> list[str]:
    reached = [np.abs(scores) >= least * thresholds for least, _ in SEVERITIES]
    found = np.select(reached, _SEVERITY_NAMES, "")
    severities: list[str] = found.tolist()
    return severities
