"""Text written inside numba: pieces of it, and numbers as JSON has them.

A number that was short decimal text once (a price, a quantity) is written exactly; a statistic,
whose last digits are noise of its summation, with ``SIGNIFICANT`` digits.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

SIGNIFICANT = 12
MOST_BYTES = 24
"""No number is longer."""
_MOST_DECIMALS = 9
_EXACT = 2.0**53
_TENS = np.array([10.0**k for k in range(23)])
_U0, _U1, _U10 = np.uint64(0), np.uint64(1), np.uint64(10)
_WHOLE_TENS = 10 ** np.arange(20, dtype=np.uint64)
_LEAST, _MOST = 1e-280, 1e280
_MINUS, _POINT, _ZERO, _E = (np.uint8(ord(each)) for each in "-.0e")


def joined(texts: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Texts as kernels take them: all of them in a row, and (n + 1,) where each one begins."""
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return np.frombuffer(b"".join(texts), np.uint8), ends


def parted(out: NDArray[np.uint8], stops: NDArray[np.int64]) -> list[bytes]:
    """The n texts that were written one after the other; ``stops`` has n + 1 of their ends."""
    places = stops.tolist()
    written = out[: places[-1]].tobytes()
    return [written[start:stop] for start, stop in pairwise(places)]


@njit(cache=True, inline="always")
def put_text(text, ends, n, out, at):  # type: ignore[no-untyped-def]
    """The n-th of what ``joined`` gave; returns where it ends."""
    for place in range(ends[n], ends[n + 1]):
        out[at] = text[place]
        at += 1
    return at


@njit(cache=True, inline="always")
def put_digits(value, count, out, at):  # type: ignore[no-untyped-def]
    """The last so many digits of a uint64, zeros before them; returns where they end."""
    for place in range(at + count - 1, at - 1, -1):
        out[place] = _ZERO + np.uint8(value % _U10)
        value //= _U10
    return at + count


@njit(cache=True, inline="always")
def put_integer(value, out, at):  # type: ignore[no-untyped-def]
    """An int64; returns where it ends."""
    if value < 0:
        out[at] = _MINUS
        at += 1
    size = np.uint64(abs(value))
    digits = 1
    while digits < 19 and size >= _WHOLE_TENS[digits]:
        digits += 1
    return put_digits(size, digits, out, at)


@njit(cache=True)
def put_exact(value, out, at):  # type: ignore[no-untyped-def]
    """A double that few decimals say exactly; returns where it ends, or -1 if none do.

    What is written is read as the same double: a quotient of two whole numbers that doubles hold is
    the double nearest to it.
    """
    size = abs(value)
    # First the usual numbers of decimals, then all there may be.
    for decimals in (2, 5, _MOST_DECIMALS):
        units = size * _TENS[decimals]
        if not units < _EXACT:
            return -1
        whole = np.rint(units)
        if whole / _TENS[decimals] == size:
            return _put_units(value < 0, np.uint64(whole), decimals, out, at)
    return -1


@njit(cache=True)
def put_rounded(value, out, at):  # type: ignore[no-untyped-def]
    """A double with ``SIGNIFICANT`` digits; returns where it ends, or -1 if it is out of bounds.

    That is, not finite, or so large or small that a power of ten is none.
    """
    size = abs(value)
    if size == 0.0:
        return _put_units(False, _U0, 0, out, at)
    if not (_LEAST < size < _MOST):
        return -1
    exponent = np.int64(np.floor(np.log10(size)))
    decimals = SIGNIFICANT - 1 - exponent
    if 0 <= decimals <= 22:
        units = size * _TENS[decimals]
    elif -22 <= decimals < 0:
        units = size / _TENS[-decimals]
    else:
        units = size * 10.0**decimals
    digits = np.uint64(np.rint(units))
    # Of a logarithm just below a whole number, and where all digits are nines.
    if digits >= _WHOLE_TENS[SIGNIFICANT]:
        digits //= _U10
        decimals -= 1
        exponent += 1
    if -5 <= exponent < SIGNIFICANT:
        return _put_units(value < 0, digits, decimals, out, at)
    while digits % _U10 == _U0:
        digits //= _U10
        decimals -= 1
    at = _put_units(value < 0, digits, decimals + exponent, out, at)
    out[at] = _E
    return put_integer(exponent, out, at + 1)


@njit(cache=True, inline="always")
def _put_units(is_negative, units, decimals, out, at):  # type: ignore[no-untyped-def]
    """A whole number of units of 10**-decimals, without zeros behind; at least one decimal."""
    if is_negative:
        out[at] = _MINUS
        at += 1
    while decimals > 1 and units % _U10 == _U0:
        units //= _U10
        decimals -= 1
    if decimals == 0:
        units *= _U10
        decimals = 1
    unit = _WHOLE_TENS[min(decimals, 19)]
    at = put_integer(np.int64(units // unit), out, at)
    out[at] = _POINT
    return put_digits(units % unit, decimals, out, at + 1)
