"""Exact sums of doubles, as integers, in numba.

A double is split into three integers of 44 bits, its limbs: the multiples of 2**8, 2**-36 and
2**-80 in it. Their sums do not depend on order, and the double made from them in the end is the
nearest to the true sum, what ``math.fsum`` gives. (Of terms below 2**-27, less than a satoshi, what
is under 2**-80 is cut off.)
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.words import bits_of

LIMB_BITS = 44
LIMBS = 3
"""Words of a sum, the greatest first."""
_LIMB_MASK = (1 << LIMB_BITS) - 1
_TOP, _PER_TOP, _MIDDLE, _LOW = 2.0**8, 2.0**-8, 2.0**36, 2.0**44
_U1 = np.uint64(1)


def limbs(*names: str) -> list[tuple[str, str]]:
    """The fields of a record that has these sums."""
    return [(f"{name}_{limb}", "i8") for name in names for limb in range(LIMBS)]


@njit(cache=True, inline="always")
def add(words, at, value):  # type: ignore[no-untyped-def]
    """Adds a double of 0 and up to the sum in limbs at ``at``; what is below 2**-80 is cut off."""
    top = np.floor(value * _PER_TOP)
    rest = (value - top * _TOP) * _MIDDLE
    middle = np.floor(rest)
    words[at] += np.int64(top)
    words[at + 1] += np.int64(middle)
    words[at + 2] += np.int64((rest - middle) * _LOW)


@njit(cache=True, inline="always")
def carry(words, at):  # type: ignore[no-untyped-def]
    """Brings limbs back below 2**44, so that sums of sums do not overflow."""
    words[at + 1] += words[at + 2] >> LIMB_BITS
    words[at + 2] &= _LIMB_MASK
    words[at] += words[at + 1] >> LIMB_BITS
    words[at + 1] &= _LIMB_MASK


@njit(cache=True, inline="always")
def _two_sum(a, b):  # type: ignore[no-untyped-def]
    """A sum of doubles, and by what it was rounded."""
    sum_ = a + b
    other = sum_ - a
    return sum_, (a - (sum_ - other)) + (b - other)


@njit(cache=True)
def value(words, at):  # type: ignore[no-untyped-def]
    """The double nearest to the sum in limbs at ``at``.

    The sum of three doubles, rounded once, as S. Boldo and G. Melquiond do it ("Emulation of FMA
    and correctly rounded sums: proved algorithms using rounding to odd", 2008).
    """
    top, middle, low = words[at] * _TOP, words[at + 1] / _MIDDLE, words[at + 2] / _MIDDLE / _LOW
    high, below = _two_sum(middle, low)
    high, between = _two_sum(top, high)
    rest, error = _two_sum(between, below)
    # To odd: where something was cut off, the last bit is 1.
    if error != 0 and not bits_of(rest) & _U1:
        rest = np.nextafter(rest, np.inf if error > 0 else -np.inf)
    return high + rest


@njit(cache=True)
def _totals(words, at, out):  # type: ignore[no-untyped-def]
    for i in range(out.size):
        out[i] = value(words[i], at)


def totals(rows: NDArray[np.void], at: int) -> NDArray[np.float64]:
    """(n,) the doubles nearest to the sums in limbs at word ``at`` of rows of words, (n,)."""
    out = np.empty(rows.size)
    words = np.ascontiguousarray(rows).view(np.int64).reshape(rows.size, rows.itemsize // 8)
    _totals(words, at, out)
    return out
