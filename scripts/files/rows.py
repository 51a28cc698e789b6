"""Rows of a file, ready to be sent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Objects = NDArray[np.object_]

NO_TIME = np.iinfo(np.int64).min
"""In place of an event time that a row does not have, or that cannot be one."""


class Rows(Protocol):
    """A file's rows in its order, read from any of them on."""

    def read(self, first: int, batch_rows: int) -> Iterator["Batch"]:
        """Yield the rows from ``first`` on, at most so many at once."""


@dataclass(frozen=True, slots=True)
class Batch:
    """n rows in the order of their file.

    Attributes:
        times: (n,) int64, event times in ms since the epoch; ``NO_TIME`` where there is none.
        keys: (n,) of bytes: the symbol; empty where a row has none.
        values: (n,) of bytes: what is sent.
        apart: (n,) bool: what must not share a message with others, for it would break them.
    """

    times: Ints
    keys: Objects
    values: Objects
    apart: Flags

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, rows: slice) -> Self:
        return type(self)(self.times[rows], self.keys[rows], self.values[rows], self.apart[rows])


def objects(values: Sequence[Any]) -> Objects:
    """An array of Python's own objects."""
    array = np.empty(len(values), dtype=np.object_)
    array[:] = values
    return array


def with_broken(whole: Batch, broken: Mapping[int, bytes]) -> Batch:
    """Put broken rows between others.

    Args:
        whole: The other rows.
        broken: What is sent for each, by the place that it has among all rows.
    """
    if not broken:
        return whole
    count = len(whole) + len(broken)
    places = list(broken)
    others = np.ones(count, dtype=np.bool_)
    others[places] = False
    times = np.full(count, NO_TIME, dtype=np.int64)
    times[others] = whole.times
    keys = objects([b""] * count)
    keys[others] = whole.keys
    values = objects([b""] * count)
    values[others] = whole.values
    values[places] = objects(list(broken.values()))
    apart = np.ones(count, dtype=np.bool_)
    apart[others] = whole.apart
    return Batch(times, keys, values, apart)
