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


@njit(cache=True, inline="always")
def _replace(ordered, held, old, is_full, new):  # type: ignore[no-untyped-def]
    """Puts a value among ``held`` ones in their order, in place of one if there is no room."""
    at = held
    if is_full:
        at = np.searchsorted(ordered[:held], old)
        while at + 1 < held and ordered[at + 1] < new:
            ordered[at] = ordered[at + 1]
            at += 1
    while at > 0 and ordered[at - 1] > new:
        ordered[at] = ordered[at - 1]
        at -= 1
    ordered[at] = new


@njit(cache=True, inline="always")
def _median(ordered, held):  # type: ignore[no-untyped-def]
    return (ordered[(held - 1) // 2] + ordered[held // 2]) / 2


@njit(cache=True, inline="always")
def _deviation(ordered, held, median):  # type: ignore[no-untyped-def]
    """The median distance from the median: of both sides, the nearest first."""
    right = np.searchsorted(ordered[:held], median)
    left = right - 1
    before = distance = 0.0
    for _ in range(held // 2 + 1):
        before = distance
        if left < 0 or (right < held and ordered[right] - median < median - ordered[left]):
            distance = ordered[right] - median
            right += 1
        else:
            distance = median - ordered[left]
            left -= 1
    return distance if held % 2 else (before + distance) / 2


@njit(cache=True)
def _advance(states, places, rows, window, least, out):  # type: ignore[no-untyped-def]
    words = rows.view(np.int64)
    ordered = np.empty((len(KINDS), window))
    series = -1
    # One series after the other, whose windows stay in order meanwhile.
    for r in np.argsort(places, kind="mergesort"):
        row, state = rows[r], states[places[r]]
        before = np.int64(state[_CANDLES])
        for kind in range(len(KINDS)):
            # The first candle has no return.
            count = before - 1 if kind == 0 else before
            if count < 0:
                continue
            ring = state[_SCALARS + kind * window : _SCALARS + (kind + 1) * window]
            own, held = ordered[kind], min(count, window)
            if places[r] != series:
                own[:held] = np.sort(ring[:held])
            if kind == 0:
                new = np.log(row.close / state[_CLOSE])
            else:
                new = value(words, r * WORDS + VOLUME)
            if held >= least:
                median = _median(own, held)
                deviation = NORMAL * _deviation(own, held, median)
                found = out[r, kind * FIELDS : (kind + 1) * FIELDS]
                found[VALUE], found[MEDIAN], found[DEVIATION] = new, median, deviation
                found[COUNT] = held
                if deviation > 0:
                    found[SCORE] = (new - median) / deviation
            _replace(own, held, ring[count % window], held == window, new)
            ring[count % window] = new
        series = places[r]
        state[_CANDLES] = before + 1
        state[_CLOSE] = row.close


def warm_up() -> None:
    """Compiles the kernel, or loads it from numba's cache."""
    robust = Robust(2, 2)
    row = np.zeros(1, CANDLE)
    row["close"] = 1
    robust.advance(np.zeros((1, robust.width)), np.zeros(1, np.int64), row)
