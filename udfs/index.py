"""An index of the rows of windows, whatever they hold, by (symbol, interval, start), in numba."""

import numpy as np
from numba import njit

from udfs.intervals import SECOND_MS
from udfs.words import pointer, record


@njit(cache=True, inline="always")
def find(rows, index, symbol, interval, start):  # type: ignore[no-untyped-def]
    """The slot of an index that has the place of a row, or -1 where it would be.

    ``rows`` is a pointer to them; an index has a power of two of slots.
    """
    mixed = (start // SECOND_MS * 31 + symbol) * 0x9E3779B1 + interval * 0x85EBCA6B
    mask = index.size - 1
    slot = (mixed ^ (mixed >> 15)) & mask
    while index[slot] >= 0:
        row = record(rows, index[slot])
        if row.start == start and row.symbol == symbol and row.interval == interval:
            break
        slot = (slot + 1) & mask
    return slot


@njit(cache=True)
def index_of(rows, size):  # type: ignore[no-untyped-def]
    """An index of the first ``size`` of some rows, with slots for all of them and more."""
    index = np.full(4 * rows.size, -1, np.int32)
    row_at = pointer(rows)
    for i in range(size):
        row = record(row_at, i)
        index[find(row_at, index, row.symbol, row.interval, row.start)] = i
    return index
