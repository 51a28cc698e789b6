"""Robust z-scores of candles: how unusual a return, or a volume, is among those before it.

A candle is held against the last ones of its symbol and interval, itself left out: its log return
and its volume, each by its distance from their median, in median absolute deviations. These are
taken 1.4826 times, which makes them the standard deviation where values are normal (Rousseeuw and
Croux, 1993): a few extreme candles move neither.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.candles import CANDLE, VOLUME, WORDS
from udfs.sums import value

NORMAL = 1.482602218505602
"""1 over the upper quartile of the normal distribution."""
KINDS = ("return", "volume")
VALUE, MEDIAN, DEVIATION, SCORE, COUNT, FIELDS = range(6)
"""What there is of each of KINDS."""
_CANDLES, _CLOSE, _SCALARS = range(3)


class Robust:
    """The recurrence of robust scores: see ``udfs.series``.

    Args:
        window: Candles that one is held against.
        least: With fewer there is no score.
    """

    def __init__(self, window: int, least: int) -> None:
        self.name = f"robust {window}"
        self._window = window
        self._least = least
        self.width = _SCALARS + len(KINDS) * window

    def advance(
        self, states: NDArray[np.float64], places: NDArray[np.int64], rows: NDArray[np.void]
    ) -> NDArray[np.float64]:
        """(n, 5 values of each kind): see ``series.Recurrence``."""
        values = np.full((rows.size, len(KINDS) * FIELDS), np.nan)
        _advance(states, places, rows, self._window, self._least, values)
        return values


@njit(cache=True)
def _advance(states, places, rows, window, least, out):  # type: ignore[no-untyped-def]
    words = rows.view(np.int64)
    for r in range(rows.size):
        row, state = rows[r], states[places[r]]
        before = np.int64(state[_CANDLES])
        for kind in range(len(KINDS)):
            # The first candle has no return.
            count = before - 1 if kind == 0 else before
            ring = state[_SCALARS + kind * window : _SCALARS + (kind + 1) * window]
            if kind == 0:
                if not before:
                    continue
                new = np.log(row.close / state[_CLOSE])
            else:
                new = value(words, r * WORDS + VOLUME)
            held = min(count, window)
            if held >= least:
                median = np.median(ring[:held])
                deviation = NORMAL * np.median(np.abs(ring[:held] - median))
                found = out[r, kind * FIELDS : (kind + 1) * FIELDS]
                found[VALUE], found[MEDIAN], found[DEVIATION] = new, median, deviation
                found[COUNT] = held
                if deviation > 0:
                    found[SCORE] = (new - median) / deviation
            ring[count % window] = new
        state[_CANDLES] = before + 1
        state[_CLOSE] = row.close


def warm_up() -> None:
    """Compiles the kernel, or loads it from numba's cache."""
    robust = Robust(2, 2)
    row = np.zeros(1, CANDLE)
    row["close"] = 1
    robust.advance(np.zeros((1, robust.width)), np.zeros(1, np.int64), row)
