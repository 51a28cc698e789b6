"""Anomalies: trades and candles far from those before them, with what they were held against."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs import learned, robust
from udfs.candles import ends_of
from udfs.codes import distinct
from udfs.forms import Chosen, Form, place_of
from udfs.intervals import INTERVALS
from udfs.messages import Messages, together
from udfs.periods import Limits, ModelRules
from udfs.sources import Topics
from udfs.zscore import PRICE

SEVERITIES = ((2.0, "critical"), (1.5, "major"), (0.0, "minor"))
"""From which multiple of the threshold on an anomaly is how severe."""
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


_OF_CANDLES = Form(Anomaly, features=learned.FEATURES)
_FORM = Form(Anomaly, rounded=("mean", "standard_deviation", "z"))


def messages(
    trades: NDArray[np.void],
    found: NDArray[np.void],
    names: list[str],
    topics: Topics,
    now_ms: int | None,
) -> Messages:
    """The message of each of some findings about trades, updated now.

    At the time of the trade if that is None.
    """
    about = trades.take(found["trade"])
    is_price = found["kind"] == PRICE
    times = about["timestamp"]
    return _FORM.of_symbols(
        names,
        about["symbol"],
        times,
        now_ms,
        timestamp=times,
        kind=Chosen(["quantity", "price"], is_price),
        interval=None,
        value=np.where(is_price, about["price"], about["quantity"]),
        mean=found["mean"],
        standard_deviation=found["deviation"],
        z=found["score"],
        threshold=found["threshold"],
        severity=_severities(found["score"], found["threshold"]),
        count=found["count"],
        **place_of(about, topics),
    )


def of_candles(
    rows: NDArray[np.void],
    values: NDArray[np.float64],
    limits: Limits,
    names: list[str],
    now_ms: int | None,
) -> Messages:
    """The message of each candle that is an anomaly, updated now.

    At the end of its window if that is None.

    Args:
        rows: (n,) of CANDLE.
        values: (n, 5 values of each kind) of ``robust.Robust``.
        limits: From which score on.
        names: Of the symbols, by code.
        now_ms: When.
    """
    symbols, of_each, _ = distinct(rows["symbol"])
    thresholds = limits.of(names[code] for code in symbols.tolist())[of_each]
    made = []
    for number, kind in enumerate(robust.KINDS):
        of_kind = values[:, number * robust.FIELDS : (number + 1) * robust.FIELDS]
        places = np.flatnonzero(np.abs(of_kind[:, robust.SCORE]) >= thresholds)
        if not places.size:
            continue
        own, row, reached = of_kind[places], rows.take(places), thresholds[places]
        of_one = _OF_CANDLES.of_symbols(
            names,
            row["symbol"],
            ends_of(row),
            now_ms,
            timestamp=row["start"],
            kind=kind,
            interval=Chosen(_INTERVALS, row["interval"]),
            value=own[:, robust.VALUE],
            mean=own[:, robust.MEDIAN],
            standard_deviation=own[:, robust.DEVIATION],
            z=own[:, robust.SCORE],
            threshold=reached,
            severity=_severities(own[:, robust.SCORE], reached),
            count=own[:, robust.COUNT],
            topic=None,
            partition=None,
            offset=None,
        )
        made.append(of_one)
    return together(made)


def of_model(
    rows: NDArray[np.void],
    values: NDArray[np.float64],
    rules: ModelRules,
    names: list[str],
    now_ms: int | None,
) -> Messages:
    """The message of each candle that is rare to a model, updated now.

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
    own, row = values[places], rows.take(places)
    return _OF_CANDLES.of_symbols(
        names,
        row["symbol"],
        ends_of(row),
        now_ms,
        timestamp=row["start"],
        kind="model",
        interval=Chosen(_INTERVALS, row["interval"]),
        value=own[:, learned.SCORE],
        mean=None,
        standard_deviation=None,
        z=None,
        threshold=rules.threshold,
        severity=_severities(np.full(places.size, 1 - rules.threshold), 1 - scores[places]),
        count=own[:, learned.COUNT],
        topic=None,
        partition=None,
        offset=None,
        features=own[:, -len(learned.FEATURES) :],
    )


def _severities(scores: NDArray[np.float64], thresholds: NDArray[np.float64]) -> Chosen:
    """How severe each is, (n,)."""
    reached = [np.abs(scores) >= least * thresholds for least, _ in SEVERITIES]
    return Chosen([name for _, name in SEVERITIES], np.argmax(reached, axis=0))
