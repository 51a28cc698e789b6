"""Candles for the tests of what is made of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.udfs.makers import NOW_MS
from udfs.candles import CANDLE, FINAL
from udfs.indicators import Indicators
from udfs.intervals import MINUTE, MINUTE_MS
from udfs.periods import Periods
from udfs.sums import LIMB_BITS, limbs


def total_of(words: list[int]) -> Iterator[float]:
    """The doubles nearest to some sums in limbs, which follow each other."""
    for top, middle, low in zip(words[::3], words[1::3], words[2::3], strict=True):
        yield ((top << 2 * LIMB_BITS) + (middle << LIMB_BITS) + low) / 2**80


def random_candles(
    rng: np.random.Generator, n: int, length_ms: int = MINUTE_MS
) -> NDArray[np.void]:
    """The closed candles of one series, a random walk; some windows have none."""
    rows = np.zeros(n, CANDLE)
    rows["start"] = NOW_MS // length_ms * length_ms + np.cumsum(rng.integers(1, 4, n)) * length_ms
    rows["interval"], rows["flags"] = MINUTE, FINAL
    close = 10.0 ** rng.integers(-3, 6) * np.exp(np.cumsum(rng.standard_normal(n) * 0.01))
    rows["close"] = close
    rows["open"] = close * (1 + rng.standard_normal(n) * 0.005)
    away = rng.exponential(0.005, (2, n))
    rows["high"] = np.maximum(rows["open"], close) * (1 + away[0])
    rows["low"] = np.minimum(rows["open"], close) * (1 - away[1] / 2)
    rows["trades"] = rng.integers(1, 100, n)
    for name in ("volume", "notional", "prices"):
        rows[f"{name}_0"], rows[f"{name}_1"] = rng.integers(1, 2**44, (2, n))
    return rows


def indicators_of(candles: list[Any], periods: Periods) -> list[dict[str, float]]:
    """The indicators of candles of one series, as their topic has these, made in one go."""
    rows = np.zeros(len(candles), CANDLE)
    for name in ("start", "open", "high", "low", "close"):
        rows[name] = [each[name] for each in candles]
    for name in ("volume", "notional"):
        for each, row in zip(candles, rows, strict=True):
            rest = int(each[name] * 2**80)
            for place, (field, _) in enumerate(limbs(name)):
                row[field], rest = divmod(rest, 2 ** (44 * (2 - place)))
    made = Indicators(periods)
    values = made.advance(np.zeros((1, made.width)), np.zeros(len(candles), np.int64), rows)
    return [dict(zip(periods.names, row, strict=True)) for row in values.tolist()]
