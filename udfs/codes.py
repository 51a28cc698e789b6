"""Codes of rows, such as those of their symbols, looked at and changed where they lie.

To pick them out as numpy does takes several times as long.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def note(codes, present):  # type: ignore[no-untyped-def]
    """Sets, (k,), those codes that some of the rows, (n,), have."""
    for i in range(codes.size):
        present[codes[i]] = True


@njit(cache=True)
def recode(codes, others):  # type: ignore[no-untyped-def]
    """Gives each of the rows, (n,), the other code at the place of its own."""
    for i in range(codes.size):
        codes[i] = others[codes[i]]


def distinct(
    codes: NDArray[np.integer[Any]],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """What ``np.unique`` says of codes, (n,), but in the order of their coming: it sorts them all.

    Returns:
        (k,) the different codes, (n,) which of them each row has, and (k,) how many rows have it.
    """
    codes, places, room = codes.astype(np.int64), np.empty(codes.size, np.int64), 64
    while True:
        found, counts = np.empty(room, np.int64), np.zeros(room, np.int64)
        size = _distinct(codes, found, counts, np.full(4 * room, -1, np.int32), places)
        if size >= 0:
            return found[:size], places, counts[:size]
        room *= 16


@njit(cache=True)
def _distinct(codes, found, counts, index, places):  # type: ignore[no-untyped-def]
    """Returns how many it found; -1 if these are more than there is room for."""
    size = p = first = 0
    for i in range(codes.size):
        code = codes[i]
        # Nearly always it is the one before.
        if i == 0 or code != codes[i - 1]:
            counts[p] += i - first
            first = i
            slot = _slot(code, found, index)
            p = index[slot]
            if p < 0:
                if size == found.size:
                    return -1
                p = index[slot] = size
                found[p] = code
                size += 1
        places[i] = p
    counts[p] += codes.size - first
    return size


@njit(cache=True, inline="always")
def _slot(code, found, index):  # type: ignore[no-untyped-def]
    """The slot of an index, of a power of two of them, that is a code's, or would be."""
    mask = index.size - 1
    mixed = code * 0x9E3779B1
    slot = (mixed ^ (mixed >> 15)) & mask
    while index[slot] >= 0 and found[index[slot]] != code:
        slot = (slot + 1) & mask
    return slot


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    distinct(np.zeros(1, np.int32))
    row = np.dtype([("code", "i4"), ("other", "i4")])
    # To numba a column of one row is of another type than one of several.
    for size in (1, 2):
        codes = np.zeros(size, row)["code"]
        note(codes, np.zeros(1, np.bool_))
        recode(codes, np.zeros(1, np.int64))
