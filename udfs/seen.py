"""What was seen: the fingerprints of the trades of the last minutes of event time."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.fingerprints import FINGERPRINT
from udfs.intervals import MINUTE_MS
from udfs.table import AHEAD, MINUTE, Table
from udfs.words import pointer, prefetch


class Seen(Table):
    """A set of fingerprints that forgets by event time."""

    entry = FINGERPRINT
    epoch_ms = MINUTE_MS

    def add(self, fingerprints: NDArray[np.void], since_ms: int) -> NDArray[np.bool_]:
        """Takes in those of some trades, (n,) of FINGERPRINT; which of them are new, (n,).

        So is one that was seen with a trade of a minute before that of ``since_ms``, whether it was
        forgotten yet or not.
        """
        self._make_room(fingerprints.size)
        new = np.empty(fingerprints.size, np.bool_)
        since = max(self.minute_of(since_ms), 1)
        self._size += _add(self._table, fingerprints, since, new)
        return new


@njit(cache=True)
def _add(table, fingerprints, since, new):  # type: ignore[no-untyped-def]
    mask = np.uint64(table.size - 1)
    count = 0
    places = pointer(table)
    for i in range(min(AHEAD, fingerprints.size)):
        prefetch(places, np.int64(fingerprints[i].high & mask))
    for i in range(fingerprints.size):
        if i + AHEAD < fingerprints.size:
            prefetch(places, np.int64(fingerprints[i + AHEAD].high & mask))
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
    Seen.warm_up().add(np.ones(1, FINGERPRINT), 0)
