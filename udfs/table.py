"""A hash table that forgets by event time: the last bits of each entry are the minute it is of.

The first bits are the cell of its symbol, so that a table can be dealt out to other shards.
"""

from typing import ClassVar, Self

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.intervals import MINUTE_MS
from udfs.words import pointer, prefetch

MINUTE = np.uint64((1 << 26) - 1)
"""The bits of ``low`` that are a minute, counted from 1970: enough to the year 2097."""

CELL_SHIFT = 52
"""The bits of ``high`` from here on are the cell of a symbol."""
_CELL = np.uint64((1 << 64) - (1 << CELL_SHIFT))

AHEAD = 16
"""Places are asked for so many entries ahead: a large table is in no cache, and each would wait."""

_LEAST_PLACES = 256


class Table:
    """Entries that begin with ``high`` and ``low``, 64 bits each; in an empty place they are 0."""

    entry: ClassVar[np.dtype[np.void]]
    epoch_ms: ClassVar[int]
    """Entries of the same epoch are forgotten together; whole minutes."""

    def __init__(self, held: NDArray[np.void] | None = None) -> None:
        self._size = 0
        self._table = np.zeros(_LEAST_PLACES, self.entry)
        if held is not None:
            self._hold(held, held.size, 1)

    def __len__(self) -> int:
        return self._size

    @property
    def held(self) -> NDArray[np.void]:
        """(n,) of ``entry``, as the constructor takes them."""
        held: NDArray[np.void] = self._table.compress(self._table["low"] != 0)
        return held

    @classmethod
    def minute_of(cls, time_ms: int) -> int:
        """The minute that the epoch of a time begins with."""
        return time_ms // cls.epoch_ms * cls.epoch_ms // MINUTE_MS

    def expire(self, before_ms: int) -> None:
        """Forgets what is older than a time."""
        # An empty place has minute 0.
        since = max(self.minute_of(before_ms), 1)
        keep = int(np.count_nonzero((self._table["low"] & MINUTE) >= since))
        if keep < self._size:
            self._hold(self._table, keep, since)

    def _make_room(self, more: int) -> None:
        most = self._size + more
        if most > _room(self._table.size):
            self._hold(self._table, most, 1)

    def _hold(self, held: NDArray[np.void], room: int, since: int) -> None:
        """Begins anew with those of these that are not before a minute, and room for so many."""
        places = _LEAST_PLACES
        while _room(places) < room:
            places *= 2
        self._table = np.zeros(places, self.entry)
        self._size = _move(held, since, self._table)

    @classmethod
    def warm_up(cls) -> Self:
        """Compiles the kernel for such entries, or loads it from numba's cache."""
        return cls(np.ones(1, cls.entry))


def cells(entries: NDArray[np.void]) -> NDArray[np.int64]:
    """(n,) the cells of some entries."""
    return (entries["high"] >> np.uint64(CELL_SHIFT)).astype(np.int64)


@njit(cache=True, inline="always")
def in_cell(high, name):  # type: ignore[no-untyped-def]
    """A hash with the cell of a name."""
    return (high & ~_CELL) | (name & _CELL)


def _room(places: int) -> int:
    """How many a table holds before looking for one takes long."""
    return places * 2 // 3


@njit(cache=True)
def _move(held, since, table):  # type: ignore[no-untyped-def]
    """Puts those since a minute, all different, into an empty table; returns how many."""
    mask = np.uint64(table.size - 1)
    count = 0
    places = pointer(table)
    for i in range(held.size):
        if i + AHEAD < held.size:
            prefetch(places, np.int64(held[i + AHEAD].high & mask))
        if np.int64(held[i].low & MINUTE) >= since:
            slot = held[i].high & mask
            while table[slot].low != 0:
                slot = (slot + np.uint64(1)) & mask
            table[slot] = held[i]
            count += 1
    return count
