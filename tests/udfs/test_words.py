import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from numba.core.errors import TypingError

from udfs.words import (
    WORD_BYTES,
    eight_digits,
    first_digits,
    load,
    newline_marks,
    other_than_digits,
    pointer,
    string_stops,
    trailing_zeros,
    word,
)

eight_bytes = st.binary(min_size=8, max_size=8)


@njit
def first_stop(buffer, at):  # type: ignore[no-untyped-def]
    stops = string_stops(load(pointer(buffer), at))
    return trailing_zeros(stops) >> 3 if stops != 0 else 8


@njit
def first_newline(buffer):  # type: ignore[no-untyped-def]
    newlines = newline_marks(load(pointer(buffer), 0))
    return trailing_zeros(newlines) >> 3 if newlines != 0 else 8


@njit
def number(buffer):  # type: ignore[no-untyped-def]
    return eight_digits(load(pointer(buffer), 0))


@njit
def leading_number(buffer):  # type: ignore[no-untyped-def]
    w = load(pointer(buffer), 0)
    others = other_than_digits(w)
    count = trailing_zeros(others) >> 3 if others != 0 else 8
    return count, (first_digits(w, count) if count > 0 else 0)


@given(eight_bytes)
def test_a_string_stops_at_the_first_byte_that_is_not_plain(data: bytes) -> None:
    plain = [0x20 <= byte < 0x80 and byte not in b'"\\' for byte in data]
    expected = plain.index(False) if False in plain else 8
    assert first_stop(np.frombuffer(data, np.uint8), 0) == expected


def test_a_pointer_is_refused_to_what_is_not_contiguous() -> None:
    with pytest.raises(TypingError, match="contiguous"):
        first_newline(np.zeros(16, np.uint8)[::2])


@given(eight_bytes)
def test_the_first_newline_is_marked(data: bytes) -> None:
    assert first_newline(np.frombuffer(data, np.uint8)) == (data + b"\n").index(b"\n")


@given(st.integers(0, 99_999_999))
def test_eight_digits_are_their_number(value: int) -> None:
    assert number(np.frombuffer(b"%08d" % value, np.uint8)) == value


@given(eight_bytes | st.from_regex(rb"[0-9]{0,8}[^0-9]{0,8}", fullmatch=True))
def test_the_digits_that_a_word_begins_with_are_their_number(data: bytes) -> None:
    data = data[:8].ljust(8, b"/")
    digits = data[: len(data) - len(data.lstrip(b"0123456789"))]
    assert leading_number(np.frombuffer(data, np.uint8)) == (len(digits), int(digits or b"0"))


def test_words_load_unaligned() -> None:
    data = np.frombuffer(b"xxxprice" + bytes(WORD_BYTES), np.uint8)
    assert int(njit(lambda a: load(pointer(a), 3))(data)) == int(word("price"))
