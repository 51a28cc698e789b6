"""Exact sums of doubles, as integers, in numba.

A double is split into three integers of 44 bits, its limbs: the multiples of 2**8, 2**-36 and
2**-80 in it. Their sums do not depend on order, and the double made from them in the end is the
nearest to the true sum, what ``math.fsum`` gives. (Of terms below 2**-27, less than a satoshi, what
is under 2**-80 is cut off.)
"""

from collections.abc import Iterator

import numpy as np
from numba import njit

LIMB_BITS = 44
LIMBS = 3
"""Words of a sum, the greatest first."""
_LIMB_MASK = (1 << LIMB_BITS) - 1
_TOP, _PER_TOP, _MIDDLE, _LOW = 2.0**8, 2.0**-8, 2.0**36, 2.0**44
_UNIT = 2**80
"""How many of the last limb's ones make 1."""


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
def value(words, at):  # type: ignore[no-untyped-def]
    """A double near to the sum in limbs at ``at``: it may be off by its last bit."""
    return words[at] * _TOP + (words[at + 1] + words[at + 2] / _LOW) / _MIDDLE


def total(top: int, middle: int, low: int) -> float:
    """The double nearest to a sum in limbs: Python rounds a quotient of integers once."""
    return ((top << 2 * LIMB_BITS) + (middle << LIMB_BITS) + low) / _UNIT


def total_of(words: list[int]) -> Iterator[float]:
    """The doubles nearest to some sums, whose limbs follow each other."""
    for at in range(0, len(words), LIMBS):
        yield total(*words[at : at + LIMBS])
