"""Trends: what a minute of trades came to, and whether its price swung too far."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs.candles import NOTIONAL, PRICES, VOLUME, ends_of
from udfs.forms import Chosen, Form
from udfs.messages import Messages
from udfs.sums import totals


class Trend(msgspec.Struct, frozen=True, gc=False):
    """The trend of one minute as its topic has it."""

    symbol: str
    averagePrice: float
    """Weighted by volume."""
    meanPrice: float
    """Of the trades, each counting the same."""
    isVolatilityAnomaly: bool
    swing: float
    """(high - low) / low."""
    threshold: float
    """The swing above which it is an anomaly."""
    high: float
    low: float
    trades: int
    windowStartTimestamp: int
    windowEndTimestamp: int
    interval: str
    final: bool
    revision: int
    """That of the candle."""
    updated_at: int


_FORM = Form(Trend)


def messages(
    rows: NDArray[np.void], symbols: list[str], threshold: float, now_ms: int | None
) -> Messages:
    """The message of each candle, updated now; at its window's end if None."""
    swing = (rows["high"] - rows["low"]) / rows["low"]
    ends = ends_of(rows)
    return _FORM.of_symbols(
        symbols,
        rows["symbol"],
        ends,
        now_ms,
        averagePrice=totals(rows, NOTIONAL) / totals(rows, VOLUME),
        meanPrice=totals(rows, PRICES) / rows["trades"],
        isVolatilityAnomaly=Chosen([False, True], swing > threshold),
        swing=swing,
        threshold=threshold,
        high=rows["high"],
        low=rows["low"],
        trades=rows["trades"],
        windowStartTimestamp=rows["start"],
        windowEndTimestamp=ends,
        interval="1m",
        final=True,
        revision=rows["revision"],
    )
