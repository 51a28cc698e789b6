"""Codes of rows are noted, told apart and changed as numpy does it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from udfs import codes

ROW = np.dtype([("code", "i4"), ("other", "f8")])


@given(st.lists(st.integers(0, 9), max_size=30), st.permutations(range(-1, 9)))
def test_those_present_are_noted_and_each_gets_the_other(
    held: list[int], others: list[int]
) -> None:
    rows = np.zeros(len(held), ROW)
    rows["code"], rows["other"] = held, 0.5
    present = np.zeros(10, np.bool_)
    codes.note(rows["code"], present)
    assert np.flatnonzero(present).tolist() == sorted(set(held))
    codes.recode(rows["code"], np.array(others))
    assert rows["code"].tolist() == [others[code] for code in held]
    assert (rows["other"] == 0.5).all()


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 200), max_size=300))
def test_different_codes_are_those_of_numpy(held: list[int]) -> None:
    rows = np.zeros(len(held), [("code", "i8"), ("other", "f8")])
    rows["code"] = held
    found, places, counts = codes.distinct(rows["code"])
    assert found[places].tolist() == held
    assert found.tolist() == list(dict.fromkeys(held))
    assert counts.tolist() == [held.count(code) for code in found.tolist()]
