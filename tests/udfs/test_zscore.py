"""Which trades are told does not depend on the running sums: they only save the looking."""

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.udfs.test_shard import seeds
from udfs import zscore
from udfs.periods import ScoreRules
from udfs.trades import TRADE
from udfs.zscore import FAT_FINGER, FINDING, PRICE, QUANTITY, RUNNING, SYMBOL


def series(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Values as no market has them: shocks of any size, values that stand, large and small ones."""
    moves = rng.standard_normal(size) * 10.0 ** rng.integers(-9, 1)
    moves[rng.random(size) < rng.choice([0, 0.5, 1])] = 0
    values: NDArray[np.float64] = 10.0 ** rng.integers(-6, 7) * np.exp(
        np.cumsum(moves) * rng.choice([0, 1]) + moves
    )
    shocks = rng.random(size) < 0.05
    values[shocks] *= 10.0 ** rng.integers(-8, 9, int(shocks.sum()))
    return values


@settings(max_examples=150, deadline=None)
@given(seeds, st.sampled_from([2, 3, 7, 100, 300]), st.sampled_from([0.001, 0.1, 1.0]))
def test_all_that_is_beyond_a_threshold_is_found_and_nothing_else(
    seed: int, window: int, fat_finger: float
) -> None:
    rng = np.random.default_rng(seed)
    trades = np.zeros(5 * window + 20, TRADE)
    trades["price"], trades["quantity"] = series(rng, trades.size), series(rng, trades.size)
    rules = dataclasses.replace(ScoreRules(), window=window, least=2, fat_finger=fat_finger)
    thresholds = rng.uniform(0.5, 4, 1)
    symbols, values = np.zeros(1, SYMBOL), np.zeros((1, 2, window))
    running = np.zeros((1, 2), RUNNING)
    found = [np.zeros(0, FINDING)]
    begin = 0
    for size in (*rng.integers(1, window, 3), trades.size):
        if rng.random() < 0.3:
            running[:] = 0  # as after a restart
        part = trades[begin : begin + size]
        found.append(zscore.find(part, symbols, values, running, thresholds, rules))
        found[-1]["trade"] += begin
        begin += part.size
    told = {(int(each["trade"]), int(each["kind"])) for each in np.concatenate(found)}
    for place in range(2, trades.size):
        for kind, name in ((PRICE, "price"), (QUANTITY, "quantity")):
            before = trades[name][max(0, place - window) : place]
            value = trades[name][place]
            beyond = (before - before[0]).mean()
            mean, deviation = before[0] + beyond, (before - before[0]).std(ddof=1)
            if deviation > 0:
                times = abs(value - before[0] - beyond) / deviation / thresholds[0]
                assert ((place, kind) in told) == (times >= 1) or abs(times - 1) < 1e-6
            if kind == PRICE:
                away = abs(value / mean - 1) / fat_finger
                assert ((place, FAT_FINGER) in told) == (away > 1) or abs(away - 1) < 1e-6
