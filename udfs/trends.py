"""Trends: what a minute of trades came to, and whether its price swung too far."""

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs.intervals import INTERVALS
from udfs.sums import limbs, total_of


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


_json = msgspec.json.Encoder()
_FIELDS = ["symbol", "start", "high", "low", "trades", "revision"]
_SUMS = [name for name, _ in limbs("volume", "notional", "prices")]


def messages(
    rows: NDArray[np.void], symbols: list[str], threshold: float, now_ms: int | None
) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of the message of each candle, updated now; at its window's end if None."""
    fields = [rows[name].tolist() for name in (*_FIELDS, *_SUMS)]
    for code, start, high, low, trades, revision, *sums in zip(*fields, strict=True):
        volume, notional, prices = total_of(sums)
        swing = (high - low) / low
        end = start + INTERVALS["1m"]
        trend = Trend(
            symbols[code],
            notional / volume,
            prices / trades,
            swing > threshold,
            swing,
            threshold,
            high,
            low,
            trades,
            start,
            end,
            "1m",
            True,
            revision,
            end if now_ms is None else now_ms,
        )
        yield symbols[code].encode(), _json.encode(trend)
