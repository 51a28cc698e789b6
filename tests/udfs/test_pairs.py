"""Pairs are written as a JSON encoder would write them, but for decimals that are noise."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.test_shard import seeds
from udfs import pairs

names_of = st.lists(st.text(min_size=1), unique=True, max_size=12)


@settings(max_examples=200, deadline=None)
@given(seeds, names_of)
def test_coefficients_are_those_of_the_pairs_to_ten_decimals(seed: int, names: list[str]) -> None:
    rng = np.random.default_rng(seed)
    values = rng.uniform(-1, 1, (len(names),) * 2) * 10.0 ** rng.integers(-12, 1)
    values[rng.random(values.shape) < 0.2] = np.nan
    for extreme in (-1.0, 0.0, 1.0):
        values[rng.random(values.shape) < 0.1] = extreme
    written = [json.loads(each) for each in pairs.coefficients(names, values)]
    assert [list(each) for each in written] == [names[n + 1 :] for n in range(len(names))]
    for row, each in enumerate(written):
        for n, name in enumerate(names[row + 1 :], row + 1):
            value = each[name]
            assert (value is None) == np.isnan(values[row, n])
            assert value is None or abs(value - values[row, n]) <= 0.5000001e-10


@settings(max_examples=200, deadline=None)
@given(seeds, names_of, st.integers(0, 2**63 - 1))
def test_counts_below_a_limit_are_written_and_no_others(
    seed: int, names: list[str], limit: int
) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, rng.choice([10, 100, 2**62]), (len(names),) * 2)
    written = [json.loads(each) for each in pairs.counts_below(names, counts, limit)]
    wanted = [
        {
            names[n]: int(counts[row, n])
            for n in range(row + 1, len(names))
            if counts[row, n] < limit
        }
        for row in range(len(names))
    ]
    assert written == wanted
