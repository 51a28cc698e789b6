"""Learned scores of candles: how rare a candle is among those of its symbol that a model has seen.

The model is streaming half-space trees (Tan, Ting and Liu, "Fast Anomaly Detection for Streaming
Data", IJCAI 2011), with the node sizes, paddings and scale of river's ``anomaly.HalfSpaceTrees``:
random trees cut the space of features into halves, and a candle is rare where few of the last
window's candles fell into its parts. Before it each feature is scaled to what the series had so
far, from its least value, 0, to its greatest, 1. So a candle may be rare for how its features come
together, each of them being usual.

The trees follow from the rules, so the state has counts alone; it takes no more room with time.
"""

import random
import zlib

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.candles import BUY_VOLUME, CANDLE, VOLUME, WORDS
from udfs.periods import ModelRules
from udfs.sums import value

FEATURES = ("buy_share", "range", "return", "volume")
"""What a model sees of a candle: the share of buys in its volume, log(high / low), log(close /
close of the candle before) and log(volume). The order is that of the draws of the trees.

None depends on the units of prices and quantities, and of a product of two extremes the logarithm
is a sum: one candle leaves the others less of a corner of the scale. The number of trades is not
among them: it goes with the volume, and each feature more leaves fewer cuts for the others.
"""
SCORE, COUNT = range(2)
"""What there is of a candle before its FEATURES: the score, 0 to 1; candles learned before it."""
VALUES = 2 + len(FEATURES)
_BUY_SHARE, _RANGE, _RETURN, _LOG_VOLUME = range(len(FEATURES))
_LEARNED, _CLOSE, _LEAST = range(3)
_GREATEST = _LEAST + len(FEATURES)
_SCALARS = _GREATEST + len(FEATURES)
_SEED = 2011
_PADDING = 0.15
"""How near to the ends of what is left of a feature it is not cut, as a share of that."""
_FEW = 0.1
"""A part with less than this share of the window is not looked into any further."""
_COUNTS_PER_DOUBLE = 4


class Model:
    """The recurrence of learned scores: see ``udfs.series``.

    A candle is scored by what was learned before it, then learned. The first window is learned
    without scores.
    """

    def __init__(self, rules: ModelRules) -> None:
        self._window = rules.window
        self._features, self._cuts = _trees(rules.trees, rules.height)
        drawn = zlib.crc32(self._cuts.tobytes(), zlib.crc32(self._features.tobytes()))
        self.name = f"model {rules.trees} {rules.height} {rules.window} {drawn:08x}"
        counts = 2 * rules.trees * (2 ** (rules.height + 1) - 1)
        self.width = _SCALARS + -(-counts // _COUNTS_PER_DOUBLE)

    def advance(
        self, states: NDArray[np.float64], places: NDArray[np.int64], rows: NDArray[np.void]
    ) -> NDArray[np.float64]:
        """(n, score, count and FEATURES): see ``series.Recurrence``."""
        values = np.full((rows.size, VALUES), np.nan)
        # Counts reach a window at most, so two bytes each do.
        counts = states.view(np.uint16)
        _advance(states, counts, places, rows, self._features, self._cuts, self._window, values)
        return values


def _trees(trees: int, height: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Which feature each inner node cuts, and where, (trees, 2**height - 1) each.

    The children of node i are 2i + 1, below the cut, and 2i + 2.
    """
    rng = random.Random(_SEED)
    features = np.zeros((trees, 2**height - 1), np.int64)
    cuts = np.zeros(features.shape)

    def cut(tree: int, node: int, sides: list[tuple[float, float]]) -> None:
        """Cuts a node that has so much of each feature, and all below it."""
        if node >= features.shape[1]:
            return
        # The longer side is the likelier to be cut.
        (on,) = rng.choices(range(len(FEATURES)), [high - low for low, high in sides])
        low, high = sides[on]
        padding = _PADDING * (high - low)
        at = rng.uniform(low + padding, high - padding)
        features[tree, node], cuts[tree, node] = on, at
        for child, side in ((2 * node + 1, (low, at)), (2 * node + 2, (at, high))):
            cut(tree, child, [*sides[:on], side, *sides[on + 1 :]])

    for tree in range(trees):
        cut(tree, 0, [(0.0, 1.0)] * len(FEATURES))
    return features, cuts


@njit(cache=True, inline="always")
def _scale(state, raw, scaled):  # type: ignore[no-untyped-def]
    """Features on the scale of the series; 0 where it has had only one value."""
    for f in range(len(FEATURES)):
        low, high = state[_LEAST + f], state[_GREATEST + f]
        scaled[f] = (raw[f] - low) / (high - low) if high > low else 0.0


@njit(cache=True, inline="always")
def _score(known, scaled, features, cuts, window):  # type: ignore[no-untyped-def]
    """How rare a place is: 1 less the weighted counts on its way down, as a share of the most."""
    trees, inner = cuts.shape
    nodes = 2 * inner + 1
    total = 0.0
    for tree in range(trees):
        node, weight = 0, 1
        while True:
            count = known[tree * nodes + node]
            total += count * weight
            if node >= inner or count < _FEW * window:
                break
            node = 2 * node + (1 if scaled[features[tree, node]] < cuts[tree, node] else 2)
            weight *= 2
    return 1 - total / (trees * window * nodes)


@njit(cache=True, inline="always")
def _learn(counts, scaled, features, cuts):  # type: ignore[no-untyped-def]
    """Counts a place in every part that has it."""
    trees, inner = cuts.shape
    nodes = 2 * inner + 1
    for tree in range(trees):
        node = 0
        while node < inner:
            counts[tree * nodes + node] += 1
            node = 2 * node + (1 if scaled[features[tree, node]] < cuts[tree, node] else 2)
        counts[tree * nodes + node] += 1


@njit(cache=True)
def _advance(states, all_counts, places, rows, features, cuts, window, out):  # type: ignore[no-untyped-def]  # fmt: skip
    words = rows.view(np.int64)
    size = cuts.shape[0] * (2 * cuts.shape[1] + 1)
    scaled = np.zeros(len(FEATURES))
    for r in range(rows.size):
        row, state = rows[r], states[places[r]]
        counts = all_counts[places[r], _COUNTS_PER_DOUBLE * _SCALARS :]
        last = state[_CLOSE]
        state[_CLOSE] = row.close
        # The first candle has no return.
        if last == 0:
            continue
        raw = out[r, VALUES - len(FEATURES) :]
        volume = value(words, r * WORDS + VOLUME)
        raw[_BUY_SHARE] = value(words, r * WORDS + BUY_VOLUME) / volume
        raw[_RANGE] = np.log(row.high / row.low)
        raw[_RETURN] = np.log(row.close / last)
        raw[_LOG_VOLUME] = np.log(volume)
        learned = np.int64(state[_LEARNED])
        out[r, COUNT] = learned
        # Two counts of each node: those of the window that is being learned, and of the last.
        latest, known = counts[:size], counts[size : 2 * size]
        if learned >= window:
            _scale(state, raw, scaled)
            out[r, SCORE] = _score(known, scaled, features, cuts, window)
        for f in range(len(FEATURES)):
            low, high = state[_LEAST + f], state[_GREATEST + f]
            state[_LEAST + f] = min(low, raw[f]) if learned else raw[f]
            state[_GREATEST + f] = max(high, raw[f]) if learned else raw[f]
        _scale(state, raw, scaled)
        _learn(latest, scaled, features, cuts)
        learned += 1
        state[_LEARNED] = learned
        if learned % window == 0:
            known[:] = latest
            latest[:] = 0


def warm_up() -> None:
    """Compiles the kernel, or loads it from numba's cache."""
    model = Model(ModelRules(trees=1, height=1, window=2))
    rows = np.zeros(2, CANDLE)
    for name in ("close", "high", "low", "volume_0"):
        rows[name] = 1
    model.advance(np.zeros((1, model.width)), np.zeros(2, np.int64), rows)
