"""Rejected records, as columns: where they stand and why, and the bytes that they lie in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import overload

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs.codes import distinct
from udfs.reasons import REASONS, Reason

COLUMNS = 6
ROW, START, END, INDEX, REASON, FIELD = range(COLUMNS)
"""The columns that a scanner notes: see ``Rejects.found``."""


class Reject(msgspec.Struct, frozen=True, gc=False):
    """A record that is not valid."""

    row: int
    """Which Kafka record of the batch."""
    index: int
    """Which record of the message."""
    reason: Reason
    field: int
    """What is at fault: a ``reasons.Field`` of a trade in JSON, a tag of FIX; 0: none."""
    payload: bytes
    """The record's own bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Rejects(Sequence[Reject]):
    """n rejected records, in the order in which they stand in their batch."""

    found: NDArray[np.int64]
    """(n, 6) of each its row, where in ``data`` it begins and ends, index, reason and field."""
    data: NDArray[np.uint8]
    """The bytes that the places are in."""
    texts: Callable[[Reject], tuple[str, str]]
    """Code and sentence of what is wrong with one of them."""

    @property
    def rows(self) -> NDArray[np.int64]:
        """(n,) which Kafka record of the batch each one stands in."""
        return self.found[:, ROW]

    def kinds(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Of each kind, whose texts are the same, one; and (n,) which kind each one is."""
        kinds = self.found[:, REASON] << 32 | self.found[:, FIELD]
        # The text of these names what stands in the payload.
        alone = self.found[:, REASON] == Reason.UNSUPPORTED_MESSAGE_TYPE
        kinds[alone] = -1 - np.flatnonzero(alone)
        found, kind, _ = distinct(kinds)
        first = np.empty(found.size, np.intp)
        first[kind] = np.arange(kind.size)
        return first, kind

    def __len__(self) -> int:
        return len(self.found)

    @overload
    def __getitem__(self, i: int) -> Reject: ...
    @overload
    def __getitem__(self, i: slice) -> "Rejects": ...
    def __getitem__(self, i: int | slice) -> "Reject | Rejects":
        """One of them, or some."""
        if isinstance(i, slice):
            return Rejects(self.found[i], self.data, self.texts)
        row, start, end, index, reason, field = self.found[i].tolist()
        return Reject(row, index, REASONS[reason], field, self.data[start:end].tobytes())


def in_order(found: NDArray[np.int64]) -> NDArray[np.int64]:
    """What is ``found``, as it stands in its batch."""
    ordered: NDArray[np.int64] = found[np.lexsort((found[:, INDEX], found[:, ROW]))]
    return ordered
