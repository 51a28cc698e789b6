"""The double of a sum in limbs is the nearest there is."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.udfs.candle_makers import total_of
from udfs import sums

LIMB = st.integers(0, 2**sums.LIMB_BITS - 1)
# Bits far apart, so that many sums lie half-way between two doubles, or nearly.
SPARSE = st.builds(lambda *bits: sum({1 << bit for bit in bits}), *[st.integers(0, 43)] * 2)


@settings(max_examples=2_000)
@given(st.lists(st.tuples(LIMB | SPARSE, LIMB | SPARSE, LIMB | SPARSE | st.just(0)), max_size=5))
@example([(1 << 43, 1, 0), (1 << 43, 1, 1), (1 << 43, 3, 0), (0, 0, 0), (0, 0, 1)])
def test_it_is_rounded_once(limbs: list[tuple[int, int, int]]) -> None:
    rows = np.array([(7, *each) for each in limbs], [(name, "i8") for name in "abcd"])
    expected = [total for each in limbs for total in total_of(list(each))]
    assert sums.totals(rows, 1).tolist() == expected
