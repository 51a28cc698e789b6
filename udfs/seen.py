"""What was seen: the fingerprints of the trades of the last minutes of event time."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.fingerprints import FINGERPRINT, MINUTE
from udfs.intervals import MINUTE_MS
from udfs.words import pointer, prefetch

_LEAST_PLACES = 256
_AHEAD = 16
"""Places are asked for so many trades ahead: a large table is in no cache, and each would wait."""


class Seen:
    """A set of fingerprints that forgets by event time."""

    def __init__(self, held: NDArray[np.void] | None = None) -> None:
        self._size = 0
        self._table = _empty(0)
        if held is not None:
            self._hold(held, held.size, 1)

    def __len__(self) -> int:
        return self._size

    @property
    def held(self) -> NDArray[np.void]:
        """(n,) of FINGERPRINT, as the constructor takes them."""
        held: NDArray[np.void] = self._table[self._table["low"] != 0]
        return held

    def add(self, fingerprints: NDArray[np.void], since_ms: int) -> NDArray[np.bool_]:
        """Takes in those of some trades, (n,) of FINGERPRINT; which of them are new, (n,).

        So is one that was seen with a trade of a minute before that of ``since_ms``, whether it was
        forgotten yet or not.
        """
        most = self._size + fingerprints.size
        if most > _room(self._table.size):
            self._hold(self._table, most, 1)
        new = np.empty(fingerprints.size, np.bool_)
        self._size += _add(self._table, fingerprints, _minute(since_ms), new)
        return new

    def expire(self, before_ms: int) -> None:
        """Forgets the trades of the minutes before that of a time."""
        since = _minute(before_ms)
        keep = int(np.count_nonzero((self._table["low"] & MINUTE) >= since))
        if keep < self._size:
            self._hold(self._table, keep, since)

    def _hold(self, held: NDArray[np.void], room: int, since: int) -> None:
        """Begins anew with those of these that are not before a minute."""
        self._table = _empty(room)
        self._size = _move(held, since, self._table)


def _minute(time_ms: int) -> int:
    """The number of a minute, at least 1: an empty place has 0."""
    return max(time_ms // MINUTE_MS, 1)


def _room(places: int) -> int:
    """How many a table holds before looking for one takes long."""
    return places * 2 // 3


def _empty(room: int) -> NDArray[np.void]:
    """A table with room for so many."""
    places = _LEAST_PLACES
    while _room(places) < room:
        places *= 2
    return np.zeros(places, FINGERPRINT)


@njit(cache=True)
def _move(held, since, table):  # type: ignore[no-untyped-def]
    """Puts those since a minute, all different, into an empty table; returns how many."""
    mask = np.uint64(table.size - 1)
    count = 0
    places = pointer(table)
    for i in range(held.size):
        if i + _AHEAD < held.size:
            prefetch(places, np.int64(held[i + _AHEAD].high & mask))
        if np.int64(held[i].low & MINUTE) >= since:
            slot = held[i].high & mask
            while table[slot].low != 0:
                slot = (slot + np.uint64(1)) & mask
            table[slot] = held[i]
            count += 1
    return count


@njit(cache=True)
def _add(table, fingerprints, since, new):  # type: ignore[no-untyped-def]
    mask = np.uint64(table.size - 1)
    count = 0
    places = pointer(table)
    for i in range(min(_AHEAD, fingerprints.size)):
        prefetch(places, np.int64(fingerprints[i].high & mask))
    for i in range(fingerprints.size):
        if i + _AHEAD < fingerprints.size:
            prefetch(places, np.int64(fingerprints[i + _AHEAD].high & mask))
        high, low = fingerprints[i].high, fingerprints[i].low
        slot = high & mask
        while table[slot].low != 0 and (
            table[slot].high != high or ((table[slot].low ^ low) & ~MINUTE) != 0
        ):
            slot = (slot + np.uint64(1)) & mask
        count += table[slot].low == 0
        new[i] = np.int64(table[slot].low & MINUTE) < since
        if new[i]:
            table[slot].high, table[slot].low = high, low
    return count


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    seen = Seen()
    seen.add(np.ones(1, FINGERPRINT), 0)
    Seen(seen.held).expire(0)
