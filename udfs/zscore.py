"""z-scores: how far a trade's price and quantity are from those of the trades before it.

Each trade is held against the last trades of its symbol, itself left out: z is its distance from
their mean, in their standard deviations (of a sample). Mean and deviation are computed anew for
each trade that may be told, in two passes over the window: so they are as exact at large prices as
at small ones, and do not drift. Which may be told a running sum says, with more room than its
rounding needs: most trades are far from any threshold. The same windows tell of prices that are far
off (fat fingers), and the times of the trades of gaps.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.periods import MOST_GAPS, ScoreRules
from udfs.trades import TRADE
from udfs.words import pointer, record

PRICE, QUANTITY, FAT_FINGER, GAP = range(4)
"""Kinds of findings."""
FINDING = np.dtype(
    [
        ("trade", "i8"),  # which of the trades
        ("kind", "i8"),
        ("mean", "f8"),  # of the window
        ("deviation", "f8"),
        ("score", "f8"),  # z; of a fat finger the price over the mean, less 1; of a gap its length
        ("count", "i8"),  # trades in the window
        ("threshold", "f8"),  # which the score reached; of a gap, the longest of the lengths
    ]
)
"""What was found of a trade."""

SYMBOL = np.dtype(
    [
        ("count", "i8"),  # trades on the tape so far
        ("time", "i8"),  # of the last of them, ms since epoch
        ("newest", "i8"),  # the highest time of a trade that has come
        ("trades", "i8"),  # that have come, copies left out
        ("duplicates", "i8"),
        ("out_of_order", "i8"),  # that came after one of a higher time
        ("late", "i8"),  # that came when the tape was past them
        ("fat_fingers", "i8"),
        ("anomalies", "i8"),
        ("crossed", "i8"),  # that were stamped later than their Kafka record
        ("gaps", "i8", (MOST_GAPS,)),  # of each length, the shortest first
    ]
)
"""What is known of the trades of a symbol."""

RUNNING = np.dtype(
    [
        ("at", "f8"),  # a value of the window, which the others are near
        ("sum", "f8"),  # of the distances of the window's values from it
        ("squares", "f8"),  # of these
        ("most", "f8"),  # the largest distance that was in the sums
        ("is_known", "?"),
    ]
)
"""Running sums of a window. They drift by rounding, so they are made anew once a window."""
_EPSILON = float(np.finfo(float).eps)
_ROOM = 1e-4
"""By so much, as a share, a score must be below its threshold not to be computed exactly."""


def find(
    trades: NDArray[np.void],
    symbols: NDArray[np.void],
    values: NDArray[np.float64],
    running: NDArray[np.void],
    thresholds: NDArray[np.float64],
    rules: ScoreRules,
) -> NDArray[np.void]:
    """(n,) of FINDING: what is to be said of trades, which then become those before others.

    Args:
        trades: (n,) of TRADE, those of a symbol together and in their order.
        symbols: (symbols,) of SYMBOL, by code; changed in place.
        values: (symbols, 2, window) their last prices and quantities, the n-th at n % window;
            changed in place.
        running: (symbols, 2) of RUNNING, of these values; changed in place. What is not known of
            them is found out.
        thresholds: (symbols,) of z.
        rules: What the settings say.
    """
    gaps = np.array(rules.gaps_ms, np.int64)
    found = np.empty(4 * trades.size, FINDING)
    others = gaps, rules.least, rules.fat_finger
    count = _find(trades, symbols, values, running, thresholds, *others, found)
    return found[:count]


@njit(cache=True, fastmath={"reassoc"})
def _moments(values, count):  # type: ignore[no-untyped-def]
    """Mean and standard deviation (of a sample) of the first so many values of a pointer.

    Any order of adding is as good as another, so a processor may add several at once.
    """
    total = 0.0
    for i in range(count):
        total += values[i]
    mean = total / count
    squares = 0.0
    for i in range(count):
        away = values[i] - mean
        squares += away * away
    return mean, np.sqrt(squares / (count - 1))


@njit(cache=True, inline="always")
def _note(finding, trade, kind, mean, deviation, score, count, threshold):  # type: ignore[no-untyped-def]
    finding.trade, finding.kind, finding.count = trade, kind, count
    finding.mean, finding.deviation = mean, deviation
    finding.score, finding.threshold = score, threshold


@njit(cache=True, inline="always")
def _sum_up(sums, values, start, held, value):  # type: ignore[no-untyped-def]
    """Makes the running sums of so many values of a pointer, before another one comes."""
    sums.at = values[start] if held else value
    sums.sum = sums.squares = sums.most = 0.0
    for k in range(start, start + held):
        away = values[k] - sums.at
        sums.sum += away
        sums.squares += away * away
        sums.most = max(sums.most, abs(away))
    sums.is_known = True


@njit(cache=True, inline="always")
def _is_near(value, sums, held, window, threshold, fat_finger):  # type: ignore[no-untyped-def]
    """Whether a value is surely below both thresholds, whatever the sums were rounded by.

    Up to two windows of changes, since the sums were made, each round the squares by less than
    eps * window * most**2, and the sum by eps * window * most. Where that is not little beside what
    they are compared with they are of no use.
    """
    beyond = sums.sum / held
    squares = sums.squares - sums.sum * beyond
    rounded = 4 * window * window * _EPSILON * sums.most
    if not 10 * rounded * sums.most < squares * _ROOM:
        return False
    away = abs(value - sums.at - beyond)
    limit = threshold * (1 - _ROOM)
    if not away * away * (held - 1) < limit * limit * squares:
        return False
    farthest = fat_finger * (sums.at + beyond)
    return away < farthest * (1 - _ROOM) and 10 * rounded < farthest * _ROOM


@njit(cache=True, inline="always")
def _replace(sums, value, before, is_full):  # type: ignore[no-untyped-def]
    """A value comes into a window, in place of one if it is full."""
    away = value - sums.at
    sums.sum += away
    sums.squares += away * away
    sums.most = max(sums.most, abs(away))
    if is_full:
        away = before - sums.at
        sums.sum -= away
        sums.squares -= away * away


@njit(cache=True)
def _find(trades, symbols, values, running, thresholds, gaps, least, fat_finger, found):  # type: ignore[no-untyped-def]  # fmt: skip
    window = values.shape[2]
    places, apart = pointer(values), np.empty(window)
    distances, sums_of = pointer(apart), pointer(running)
    size = 0
    for i in range(trades.size):
        trade = trades[i]
        code = trade.symbol
        symbol = symbols[code]
        count = symbol.count
        if count and gaps.size:
            length = trade.timestamp - symbol.time
            if length >= gaps[0]:
                level = 0
                while level + 1 < gaps.size and length >= gaps[level + 1]:
                    level += 1
                symbol.gaps[level] += 1
                _note(found[size], i, GAP, 0.0, 0.0, length, 0, gaps[level])
                size += 1
        held, slot = min(count, window), count % window
        for kind in (PRICE, QUANTITY):
            value = trade.price if kind == PRICE else trade.quantity
            at = (2 * code + kind) * window
            sums = record(sums_of, 2 * code + kind)
            if slot == 0 or not sums.is_known:
                _sum_up(sums, places, at, held, value)
            farthest = fat_finger if kind == PRICE else np.inf
            if held >= least and not _is_near(
                value, sums, held, window, thresholds[code], farthest
            ):
                # Large values are a small distance from each other, which is exact.
                first = places[at]
                for k in range(held):
                    distances[k] = places[at + k] - first
                beyond, deviation = _moments(distances, held)
                mean = first + beyond
                if deviation > 0:
                    score = (value - first - beyond) / deviation
                    if abs(score) >= thresholds[code]:
                        symbol.anomalies += 1
                        _note(found[size], i, kind, mean, deviation, score, held, thresholds[code])
                        size += 1
                if kind == PRICE and abs(value / mean - 1) > fat_finger:
                    symbol.fat_fingers += 1
                    away = value / mean - 1
                    _note(found[size], i, FAT_FINGER, mean, deviation, away, held, fat_finger)
                    size += 1
            _replace(sums, value, places[at + slot], held == window)
            places[at + slot] = value
        symbol.count = count + 1
        symbol.time = trade.timestamp
    return size


@njit(cache=True)
def note_arrivals(trades, symbols, changed, passed):  # type: ignore[no-untyped-def]
    """Counts trades, (n,) of TRADE, as they come; the tape is at the time ``passed``.

    ``symbols`` are of SYMBOL, and changed in place; ``changed`` says of which.
    """
    for i in range(trades.size):
        trade = trades[i]
        symbol = symbols[trade.symbol]
        symbol.trades += 1
        changed[trade.symbol] = True
        if trade.timestamp < symbol.newest:
            symbol.out_of_order += 1
        else:
            symbol.newest = trade.timestamp
        symbol.late += trade.timestamp < passed


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    trades, symbols = np.zeros(1, TRADE), np.zeros(1, SYMBOL)
    note_arrivals(trades, symbols, np.zeros(1, np.bool_), 0)
    find(trades, symbols, np.zeros((1, 2, 2)), np.zeros((1, 2), RUNNING), np.ones(1), ScoreRules())
