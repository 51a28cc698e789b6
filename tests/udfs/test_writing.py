"""What kernels write as a number is read as that number, to the digits that are promised."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs import writing

finite = st.floats(allow_nan=False, allow_infinity=False)


def written(put, value: float) -> str | None:  # type: ignore[no-untyped-def]
    out = np.zeros(writing.MOST_BYTES + 8, np.uint8)
    end = put(value, out, 0)
    assert not out[max(end, 0) :].any() or end < 0
    return None if end < 0 else out[:end].tobytes().decode()


@settings(max_examples=2_000, deadline=None)
@given(st.integers(-(10**12), 10**12), st.integers(0, 9))
def test_a_short_decimal_is_written_exactly(units: int, decimals: int) -> None:
    value = float(f"{units}e-{decimals}")
    text = written(writing.put_exact, value)
    assert text is None or json.loads(text) == value
    # Of 9 decimals a double holds so many units.
    assert text is not None or abs(value) * 10**9 >= 2**53
    assert text is None or len(text) <= len(repr(value)) or "e" in repr(value)


@settings(max_examples=2_000, deadline=None)
@given(finite)
def test_what_is_written_as_exact_is(value: float) -> None:
    text = written(writing.put_exact, value)
    assert text is None or json.loads(text) == value


@settings(max_examples=5_000, deadline=None)
@given(finite)
def test_a_statistic_is_written_to_its_digits(value: float) -> None:
    text = written(writing.put_rounded, value)
    if text is None:
        assert not 1e-280 < abs(value) < 1e280
        return
    assert len(text) <= writing.MOST_BYTES
    assert json.loads(text) == pytest.approx(value, rel=2e-11, abs=0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (1.0, "1.0"),
        (-2.5, "-2.5"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333333333"),
        (-123456.789, "-123456.789"),
        (99999.99999999999, "100000.0"),
        (999999999999.9, "1.0e12"),
        (1e11, "100000000000.0"),
        (1e12, "1.0e12"),
        (0.00001, "0.00001"),
        (0.000001, "1.0e-6"),
        (1.5e-7, "1.5e-7"),
        (2.5e200, "2.5e200"),
    ],
)
def test_statistics_look_like_this(value: float, text: str) -> None:
    assert written(writing.put_rounded, value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 5e-324, 1e300])
def test_what_cannot_be_written_is_said(value: float) -> None:
    assert written(writing.put_rounded, value) is None
    assert written(writing.put_exact, value) is None


@settings(max_examples=500, deadline=None)
@given(st.integers(-(2**62), 2**62))
def test_integers_are_written_as_they_are(value: int) -> None:
    assert written(writing.put_integer, value) == str(value)
