"""What kernels write as a number is what ``msgspec`` writes, or is to the digits promised."""

import json
import math

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from udfs import writing

finite = st.floats(allow_nan=False, allow_infinity=False)


def written(put, value: float) -> str:  # type: ignore[no-untyped-def]
    out = np.zeros(writing.MOST_BYTES + 8, np.uint8)
    end = put(value, out, 0)
    assert not out[end:].any()
    return out[:end].tobytes().decode()


def short_decimals() -> st.SearchStrategy[float]:
    units, decimals = st.integers(-(10**17), 10**17), st.integers(-20, 30)
    return st.builds(lambda unit, decimal: float(f"{unit}e{-decimal}"), units, decimals)


def powers_of_two() -> st.SearchStrategy[float]:
    """Where the double below is nearer than that above."""
    return st.builds(lambda power: 2.0**power, st.integers(-1_074, 1_023))


@settings(max_examples=5_000, deadline=None)
@given(st.floats() | short_decimals() | powers_of_two())
@example(9007199254740993.0)
@example(5e-324)
@example(2.2250738585072014e-308)
@example(1.7976931348623157e308)
@example(9.5e-6)
@example(1e15)
@example(1e16)
@example(-0.0)
def test_doubles_are_written_as_msgspec_does(value: float) -> None:
    text = written(writing.put_double, value)
    assert text == msgspec.json.encode(value).decode()
    assert len(text) <= writing.MOST_BYTES


@settings(max_examples=5_000, deadline=None)
@given(finite)
def test_a_statistic_is_written_to_its_digits(value: float) -> None:
    text = written(writing.put_rounded, value)
    assert len(text) <= writing.MOST_BYTES
    # Of the smallest doubles there are none so near.
    assert json.loads(text) == pytest.approx(value, rel=5e-12, abs=1e-320)
    digits = text.lower().split("e")[0].replace(".", "").replace("-", "").strip("0")
    assert len(digits) <= writing.SIGNIFICANT


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (1.0, "1.0"),
        (-2.5, "-2.5"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333333333"),
        (2 / 3, "0.666666666667"),
        (-123456.789, "-123456.789"),
        (99999.99999999999, "100000.0"),
        (1e16, "1e16"),
        (0.00001, "0.00001"),
        (1.5e-7, "1.5e-7"),
        (5e-324, "5e-324"),
        (math.nan, "null"),
        (-math.inf, "null"),
    ],
)
def test_statistics_look_like_this(value: float, text: str) -> None:
    assert written(writing.put_rounded, value) == text


@settings(max_examples=500, deadline=None)
@given(st.integers(-(2**62), 2**62))
def test_integers_are_written_as_they_are(value: int) -> None:
    assert written(writing.put_integer, value) == str(value)


@settings(max_examples=500, deadline=None)
@given(st.text())
@example("".join(map(chr, range(0x81))))
def test_strings_are_written_as_msgspec_does(value: str) -> None:
    text = value.encode()
    out = np.zeros(len(text) * writing.MOST_OF_CHARACTER + 8, np.uint8)
    end = writing.put_string(np.frombuffer(text, np.uint8), 0, len(text), out, 0)
    assert out[:end].tobytes() == msgspec.json.encode(value)
    assert not out[end:].any()
    assert end <= len(text) * writing.MOST_OF_CHARACTER + 2
