"""What is of pairs of names, written as JSON by kernels: half a million numbers a minute.

Of a matrix, row by row, what is right of its diagonal: an object for each name, with the names that
follow it. Coefficients have ``DECIMALS``, as what comes after them is noise of the summation.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

DECIMALS = 10
_SCALE = 10.0**DECIMALS
_UNIT, _TEN = np.uint64(_SCALE), np.uint64(10)
_LONGEST = 20
"""Bytes of a number and of the comma before it: those of an int64 are most."""
_COMMA, _MINUS, _POINT = (ord(each) for each in ",-.")
_ZERO = np.uint64(ord("0"))
_OPEN, _CLOSE = ord("{"), ord("}")


def coefficients(names: list[str], values: NDArray[np.float64]) -> list[bytes]:
    """The coefficients of each name with those that follow it.

    Args:
        names: n of them.
        values: (n, n), -1 to 1; NaN is written as null.

    Returns:
        n JSON objects.
    """
    return _objects(_write_coefficients, names, values, 0)


def counts_below(names: list[str], counts: NDArray[np.int64], limit: int) -> list[bytes]:
    """Of each name with those that follow it the counts below a limit.

    Args:
        names: n of them.
        counts: (n, n), 0 or more.
        limit: What is so much, or more, is left out.

    Returns:
        n JSON objects.
    """
    return _objects(_write_counts, names, counts, limit)


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    coefficients(["a", "b"], np.zeros((2, 2)))
    counts_below(["a", "b"], np.zeros((2, 2), np.int64), 1)


def _objects(
    write: Callable[..., None], names: list[str], values: NDArray[Any], limit: int
) -> list[bytes]:
    keys = [msgspec.json.encode(name) + b":" for name in names]
    text = np.frombuffer(b"".join(keys), np.uint8)
    ends = np.cumsum([0, *map(len, keys)])
    # The n-th name is in n rows.
    most = int(np.diff(ends) @ np.arange(len(names))) + len(names) * (2 + _LONGEST * len(names))
    out = np.empty(most, np.uint8)
    stops = np.empty(len(names) + 1, np.int64)
    write(text, ends, np.ascontiguousarray(values), limit, out, stops)
    return [out[start:stop].tobytes() for start, stop in pairwise(stops.tolist())]


@njit(cache=True, inline="always")
def _put_name(text, ends, n, out, at):  # type: ignore[no-untyped-def]
    """The name, its colon, and a comma before it if it is not the first; returns where it ends."""
    if out[at - 1] != _OPEN:
        out[at] = _COMMA
        at += 1
    for place in range(ends[n], ends[n + 1]):
        out[at] = text[place]
        at += 1
    return at


@njit(cache=True, inline="always")
def _put_digits(value, count, out, at):  # type: ignore[no-untyped-def]
    """So many digits of a number, zeros before them; returns where they end."""
    for place in range(at + count - 1, at - 1, -1):
        out[place] = _ZERO + value % _TEN
        value //= _TEN
    return at + count


@njit(cache=True, nogil=True)
def _write_coefficients(text, ends, values, limit, out, stops):  # type: ignore[no-untyped-def]
    at = 0
    for row in range(values.shape[0]):
        stops[row] = at
        out[at] = _OPEN
        at += 1
        for n in range(row + 1, values.shape[0]):
            at = _put_name(text, ends, n, out, at)
            value = values[row, n]
            if np.isnan(value):
                out[at], out[at + 1], out[at + 2], out[at + 3] = 110, 117, 108, 108  # null
                at += 4
                continue
            if value < 0:
                out[at] = _MINUS
                at += 1
            units = np.uint64(np.rint(abs(value) * _SCALE))
            at = _put_digits(units // _UNIT, 1, out, at)
            out[at] = _POINT
            at = _put_digits(units % _UNIT, DECIMALS, out, at + 1)
        out[at] = _CLOSE
        at += 1
    stops[values.shape[0]] = at


@njit(cache=True, nogil=True)
def _write_counts(text, ends, values, limit, out, stops):  # type: ignore[no-untyped-def]
    at = 0
    for row in range(values.shape[0]):
        stops[row] = at
        out[at] = _OPEN
        at += 1
        for n in range(row + 1, values.shape[0]):
            value = values[row, n]
            if value >= limit:
                continue
            at = _put_name(text, ends, n, out, at)
            digits, most = 1, 10
            while value >= most:
                digits, most = digits + 1, most * 10
            at = _put_digits(np.uint64(value), digits, out, at)
        out[at] = _CLOSE
        at += 1
    stops[values.shape[0]] = at
