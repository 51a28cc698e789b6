import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.numbers import MAX_POWER, MIN_POWER, decimal_to_double


def parsed(digits: int, power: int) -> float:
    ok, value = decimal_to_double(np.uint64(digits), power)
    return value if ok else float(f"{digits}e{power}")


@given(st.integers(0, 10**19 - 1), st.integers(MIN_POWER, MAX_POWER))
def test_the_double_is_the_nearest_one(digits: int, power: int) -> None:
    assert parsed(digits, power) == float(f"{digits}e{power}")


@given(st.floats(1e-15, 1e15))
def test_what_python_prints_is_read_back(value: float) -> None:
    mantissa, _, exponent = f"{value:.16e}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    assert parsed(int(whole + fraction), int(exponent) - len(fraction)) == value


@given(st.integers(2**53, 2**54))
def test_half_way_goes_to_even(whole: int) -> None:
    digits = whole * 10 + 5  # between whole and whole + 1
    assert parsed(digits, -1) == float(f"{whole}.5")


@pytest.mark.parametrize("power", [MIN_POWER - 1, MAX_POWER + 1])
def test_it_says_when_it_cannot_decide(power: int) -> None:
    ok, _ = decimal_to_double(np.uint64(10**19 - 1), power)
    assert not ok
