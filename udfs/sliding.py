"""Sliding windows: the prices of the last minutes, anew with each closed candle of a shorter one.

A window of five minutes that slides by one has the last five candles of a minute. It comes as each
of these is closed, and so not at the end of a minute without trades.
"""

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.candles import CANDLE, NOTIONAL, VOLUME, WORDS
from udfs.forms import Form
from udfs.intervals import INTERVALS
from udfs.messages import Messages, together
from udfs.periods import SlidingWindow
from udfs.sums import value

_START, _OPEN, _HIGH, _LOW, _CLOSE, _VOLUME, _NOTIONAL, _TRADES, _FIELDS = range(9)
"""What is kept of a candle."""
_NAMES, _LENGTHS = list(INTERVALS), list(INTERVALS.values())


class Sliding:
    """The recurrence of sliding windows: see ``udfs.series``."""

    def __init__(self, windows: tuple[SlidingWindow, ...]) -> None:
        self.windows = windows
        self.name = f"sliding {windows}"
        self._slides = np.array([_NAMES.index(each.slide) for each in windows], np.int64)
        self._sizes = np.array([each.size_ms for each in windows], np.int64)
        counts = [each.size_ms // INTERVALS[each.slide] for each in windows]
        self.width = 1 + _FIELDS * max(counts, default=1)

    def advance(
        self, states: NDArray[np.float64], places: NDArray[np.int64], rows: NDArray[np.void]
    ) -> NDArray[np.float64]:
        """(n, 8 values a window): its start, and what a candle has: see ``series.Recurrence``."""
        values = np.full((rows.size, _FIELDS * len(self.windows)), np.nan)
        _advance(states, places, rows, self._slides, self._sizes, np.array(_LENGTHS), values)
        return values


@njit(cache=True)
def _advance(states, places, rows, slides, sizes, lengths, out):  # type: ignore[no-untyped-def]
    words = rows.view(np.int64)
    for r in range(rows.size):
        row, state = rows[r], states[places[r]]
        room = (state.size - 1) // _FIELDS
        count = np.int64(state[0])
        new = state[1 + count % room * _FIELDS :]
        new[_START], new[_OPEN], new[_HIGH] = row.start, row.open, row.high
        new[_LOW], new[_CLOSE], new[_TRADES] = row.low, row.close, row.trades
        new[_VOLUME] = value(words, r * WORDS + VOLUME)
        new[_NOTIONAL] = value(words, r * WORDS + NOTIONAL)
        count += 1
        state[0] = count
        end = row.start + lengths[row.interval]
        for w in range(slides.size):
            if slides[w] != row.interval:
                continue
            values = out[r, w * _FIELDS :]
            values[_START] = end - sizes[w]
            is_first = True
            for i in range(max(0, count - room), count):
                each = state[1 + i % room * _FIELDS :]
                if each[_START] < end - sizes[w]:
                    continue
                if is_first:
                    values[1:_FIELDS] = each[1:_FIELDS]
                    is_first = False
                else:
                    values[_HIGH] = max(values[_HIGH], each[_HIGH])
                    values[_LOW] = min(values[_LOW], each[_LOW])
                    values[_CLOSE] = each[_CLOSE]
                    for field in (_VOLUME, _NOTIONAL, _TRADES):
                        values[field] += each[field]


class Message(msgspec.Struct, frozen=True, gc=False):
    """A sliding window as its topic has it."""

    symbol: str
    window: str
    slide: str
    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float
    trades: int
    updated_at: int


_FORM = Form(Message)


def messages(
    rows: NDArray[np.void],
    values: NDArray[np.float64],
    windows: tuple[SlidingWindow, ...],
    symbols: list[str],
    now_ms: int | None,
) -> Messages:
    """The message of each window that ends with one of these candles.

    Updated now; at the window's end if None.
    """
    made = []
    of_window = values.reshape(rows.size, len(windows), _FIELDS).transpose(1, 0, 2)
    for window, of_rows in zip(windows, of_window, strict=True):
        places = np.flatnonzero(~np.isnan(of_rows[:, _START]))
        own = of_rows[places]
        ends = own[:, _START] + window.size_ms
        of_one = _FORM.of_symbols(
            symbols,
            rows["symbol"][places],
            ends,
            now_ms,
            window=window.name,
            slide=window.slide,
            start=own[:, _START],
            end=ends,
            open=own[:, _OPEN],
            high=own[:, _HIGH],
            low=own[:, _LOW],
            close=own[:, _CLOSE],
            volume=own[:, _VOLUME],
            vwap=own[:, _NOTIONAL] / own[:, _VOLUME],
            trades=own[:, _TRADES],
        )
        made.append(of_one)
    return together(made)


def warm_up() -> None:
    """Compiles the kernel, or loads it from numba's cache."""
    sliding = Sliding((SlidingWindow("10s", 10_000, "1s"),))
    sliding.advance(np.zeros((1, sliding.width)), np.zeros(1, np.int64), np.zeros(1, CANDLE))
