"""What is of pairs of names, written as JSON by kernels: half a million numbers a minute.

Of a matrix, row by row, what is right of its diagonal: an object for each name, with the names that
follow it. Coefficients have ``DECIMALS``, as what comes after them is noise of the summation.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.texts import Texts
from udfs.writing import put_digits, put_integer, put_text

DECIMALS = 10
_SCALE = 10.0**DECIMALS
_UNIT = np.uint64(_SCALE)
_LONGEST = 20
"""Bytes of a number and of the comma before it: those of an int64 are most."""
_COMMA, _MINUS, _POINT = (ord(each) for each in ",-.")
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
    texts = Texts.of([msgspec.json.encode(name) + b":" for name in names])
    # The n-th name is in n rows.
    most = int(texts.lengths @ np.arange(len(names))) + len(names) * (2 + _LONGEST * len(names))
    out = np.empty(most, np.uint8)
    stops = np.empty(len(names) + 1, np.int64)
    write(texts.data, texts.ends, np.ascontiguousarray(values), limit, out, stops)
    return list(Texts(out, stops))


@njit(cache=True, inline="always")
def _put_name(text, ends, n, out, at):  # type: ignore[no-untyped-def]
    """The name, its colon, and a comma before it if it is not the first; returns where it ends."""
    if out[at - 1] != _OPEN:
        out[at] = _COMMA
        at += 1
    return put_text(text, ends, n, out, at)


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
            at = put_digits(units // _UNIT, 1, out, at)
            out[at] = _POINT
            at = put_digits(units % _UNIT, DECIMALS, out, at + 1)
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
            at = put_integer(value, out, at)
        out[at] = _CLOSE
        at += 1
    stops[values.shape[0]] = at
