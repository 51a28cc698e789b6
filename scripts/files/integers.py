"""Integers out of the bytes of CSV, in numba: read where they lie, without a copy of the text."""

import numpy as np
from numba import njit

FIELDS = 6
MOST_DIGITS = 18
_NEWLINE, _RETURN, _COMMA, _MINUS, _ZERO, _NINE = 10, 13, 44, 45, 48, 57


@njit(cache=True)
def skip(text, at, rows):  # type: ignore[no-untyped-def]
    """Return where the text goes on after so many lines that are not blank."""
    end = text.size
    while rows > 0 and at < end:
        begin = at
        while at < end and text[at] != _NEWLINE:
            at += 1
        length = at - begin
        rows -= not (length == 0 or (length == 1 and text[begin] == _RETURN))
        at += 1
    return min(at, end)


@njit(cache=True)
def parse(text, at, numbers, places):  # type: ignore[no-untyped-def]
    """Read lines of six integers, until there are enough or the text ends.

    Args:
        text: uint8, all of it.
        at: Where to begin, at the beginning of a line.
        numbers: (6, n) int64, filled with the integers of each line.
        places: (n, 2) int64, filled with where a line that is none begins and ends; else with 0, 0.

    Returns:
        How many lines there were, without blank ones, and where the text goes on.
    """
    rows, end = 0, text.size
    while rows < places.shape[0] and at < end:
        begin = at
        field, digits, negative, good = 0, 0, False, True
        value = np.int64(0)
        while True:
            byte = text[at] if at < end else np.uint8(_NEWLINE)
            if _ZERO <= byte <= _NINE:
                value = value * 10 + (byte - _ZERO)
                digits += 1
            elif byte == _MINUS and digits == 0 and not negative:
                negative = True
            elif byte in (_COMMA, _NEWLINE):
                good = good and 0 < digits <= MOST_DIGITS and field < FIELDS
                if good:
                    numbers[field, rows] = -value if negative else value
                field += 1
                value, digits, negative = np.int64(0), 0, False
                if byte == _NEWLINE:
                    break
            elif byte != _RETURN or (at + 1 < end and text[at + 1] != _NEWLINE):
                good = False
            at += 1
        last = at - 1 if at > begin and text[at - 1] == _RETURN else at
        at += 1
        if last == begin:
            continue
        good = good and field == FIELDS
        places[rows, 0] = 0 if good else begin
        places[rows, 1] = 0 if good else last
        rows += 1
    return rows, min(at, end)
