"""Candles for the tests of what is made of them."""

import numpy as np
from numpy.typing import NDArray

from tests.udfs.makers import NOW_MS
from udfs.candles import CANDLE, FINAL
from udfs.intervals import INTERVALS, MINUTE_MS

MINUTE = list(INTERVALS).index("1m")


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
