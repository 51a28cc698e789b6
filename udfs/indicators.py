"""Technical indicators of closed candles, as recurrences: one step a candle.

Where TA-Lib has an indicator the definition and the start are its own (https://ta-lib.org): a
moving average by exponents begins with the plain mean of its first period, Wilder's likewise, and
the fast average of MACD begins where the slow one does. Until all that an indicator needs is there,
it has no value.
"""

from functools import cache

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.candles import CANDLE, NOTIONAL, VOLUME, WORDS, window_of
from udfs.forms import Form
from udfs.intervals import INTERVALS
from udfs.messages import Messages
from udfs.periods import Periods
from udfs.sums import value

DAY_MS = INTERVALS["1d"]

(_CANDLES, _CLOSE, _DAY, _DAY_NOTIONAL, _DAY_VOLUME, _GAIN, _LOSS, _RANGE, _FAST, _SLOW, _SIGNAL,
 _SCALARS) = range(12)  # fmt: skip
"""Where a state has: how many candles there were, the last close, the day, what the day's candles
add up to, Wilder's averages of gains, losses and true ranges, and the three averages of MACD. After
them come the other averages by exponents, and the last closes, log returns, volumes and notionals,
as rings."""


class Indicators:
    """The recurrence of all indicators: see ``udfs.series``."""

    def __init__(self, periods: Periods) -> None:
        self.names = periods.names
        self.name = f"indicators {periods}"
        self._width = periods.bollinger_width
        self._closes = max(*periods.sma, periods.macd[1], periods.bollinger, 1)
        self._sma, self._ema = (np.array(each, np.int64) for each in (periods.sma, periods.ema))
        self._others = np.array(
            [
                *(self._closes, periods.rsi, *periods.macd, periods.bollinger),
                *(periods.atr, periods.vwap, periods.volatility),
            ]
        )
        rings = self._closes + periods.volatility + 2 * periods.vwap
        self.width = _SCALARS + len(periods.ema) + rings

    def advance(
        self, states: NDArray[np.float64], places: NDArray[np.int64], rows: NDArray[np.void]
    ) -> NDArray[np.float64]:
        """The values of candles, (n, len(names)): see ``series.Recurrence``."""
        values = np.full((rows.size, len(self.names)), np.nan)
        _advance(states, places, rows, self._sma, self._ema, self._others, self._width, values)
        return values


@njit(cache=True, inline="always")
def _mean(ring, count, period):  # type: ignore[no-untyped-def]
    """The mean of the last values of a ring that got so many, added up from the oldest on."""
    total = 0.0
    for i in range(count - period, count):
        total += ring[i % ring.size]
    return total / period


@njit(cache=True, inline="always")
def _begin_or(average, x, place, period, factor):  # type: ignore[no-untyped-def]
    """An average after its value ``place``, counted from 0: until a period is full, its sum."""
    if place < period - 1:
        return average + x
    if place == period - 1:
        return (average + x) / period
    return average + (x - average) * factor


@njit(cache=True)
def _advance(states, places, rows, sma, ema, others, width, out):  # type: ignore[no-untyped-def]
    words = rows.view(np.int64)
    closes, rsi, fast, slow, signal, band, atr, vwap, volatility = others
    for r in range(rows.size):
        row, state, values = rows[r], states[places[r]], out[r]
        at = _SCALARS + ema.size
        ring = state[at : at + closes]
        at += closes
        returns = state[at : at + volatility]
        at += volatility
        volumes = state[at : at + vwap]
        notionals = state[at + vwap : at + 2 * vwap]
        before = np.int64(state[_CANDLES])
        count = before + 1
        close, last = row.close, state[_CLOSE]
        ring[before % closes] = close
        v = 0
        for period in sma:
            if count >= period:
                values[v] = _mean(ring, count, period)
            v += 1
        for e in range(ema.size):
            period = ema[e]
            factor = 2 / (period + 1)
            average = _begin_or(state[_SCALARS + e], close, before, period, factor)
            state[_SCALARS + e] = average
            if count >= period:
                values[v] = average
            v += 1
        if before:
            change = close - last
            gain, loss = max(change, 0.0), max(-change, 0.0)
            state[_GAIN] = gain = _begin_or(state[_GAIN], gain, before - 1, rsi, 1 / rsi)
            state[_LOSS] = loss = _begin_or(state[_LOSS], loss, before - 1, rsi, 1 / rsi)
            if before >= rsi and gain + loss > 0:
                values[v] = 100 * gain / (gain + loss)
        v += 1
        state[_SLOW] = _begin_or(state[_SLOW], close, before, slow, 2 / (slow + 1))
        if count == slow:
            state[_FAST] = _mean(ring, count, fast)
        elif count > slow:
            state[_FAST] += (close - state[_FAST]) * (2 / (fast + 1))
        if count >= slow:
            macd = state[_FAST] - state[_SLOW]
            average = _begin_or(state[_SIGNAL], macd, count - slow, signal, 2 / (signal + 1))
            state[_SIGNAL] = average
            values[v] = macd
            if count - slow >= signal - 1:
                values[v + 1] = average
                values[v + 2] = macd - average
        v += 3
        if count >= band:
            mean = _mean(ring, count, band)
            squares = 0.0
            for i in range(count - band, count):
                away = ring[i % closes] - mean
                squares += away * away
            deviation = np.sqrt(squares / band)
            values[v] = mean + width * deviation
            values[v + 1] = mean
            values[v + 2] = mean - width * deviation
        v += 3
        if before:
            true_range = max(row.high - row.low, abs(row.high - last), abs(row.low - last))
            average = _begin_or(state[_RANGE], true_range, before - 1, atr, 1 / atr)
            state[_RANGE] = average
            if before >= atr:
                values[v] = average
        v += 1
        volume, notional = value(words, r * WORDS + VOLUME), value(words, r * WORDS + NOTIONAL)
        day = row.start // DAY_MS
        if day != state[_DAY]:
            state[_DAY], state[_DAY_NOTIONAL], state[_DAY_VOLUME] = day, 0, 0
        state[_DAY_NOTIONAL] += notional
        state[_DAY_VOLUME] += volume
        values[v] = state[_DAY_NOTIONAL] / state[_DAY_VOLUME]
        v += 1
        volumes[before % vwap], notionals[before % vwap] = volume, notional
        if count >= vwap:
            values[v] = _mean(notionals, count, vwap) / _mean(volumes, count, vwap)
        v += 1
        if before:
            change = np.log(close / last)
            returns[(before - 1) % volatility] = change
            values[v] = change
            if before >= volatility:
                squares = 0.0
                for i in range(before - volatility, before):
                    squares += returns[i % volatility] ** 2
                values[v + 1] = np.sqrt(squares)
        state[_CANDLES] = count
        state[_CLOSE] = close


class Message(msgspec.Struct, frozen=True, gc=False):
    """The indicators of one candle as their topic has them."""

    symbol: str
    interval: str
    start: int
    end: int
    close: float
    """Of the candle."""
    values: dict[str, float | None]
    """By name; None while there are too few candles for one."""
    updated_at: int


@cache
def _form_of(names: tuple[str, ...]) -> Form:
    return Form(Message, values=names)


def messages(
    rows: NDArray[np.void],
    values: NDArray[np.float64],
    names: tuple[str, ...],
    symbols: list[str],
    now_ms: int | None,
) -> Messages:
    """The message of each candle, updated now; at its window's end if None."""
    window = window_of(rows)
    others = {"close": rows["close"], "values": values}
    form = _form_of(names)
    return form.of_symbols(symbols, rows["symbol"], window["end"], now_ms, **window, **others)


def warm_up() -> None:
    """Compiles the kernel, or loads it from numba's cache."""
    indicators = Indicators(Periods())
    states = np.zeros((1, indicators.width))
    row = np.zeros(1, CANDLE)
    row["close"] = 1
    row["volume_0"] = 1
    indicators.advance(states, np.zeros(1, np.int64), row)
