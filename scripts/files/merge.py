"""Files read together in the order of event time, however many and however large they are."""

from bisect import insort
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from scripts.files.rows import NO_TIME, Batch, Flags, Ints, Objects, Rows

BUFFERED_ROWS = 200_000
"""Of all files together, more or less."""
MOST_BATCH, LEAST_BATCH = 50_000, 500


@dataclass(frozen=True, slots=True)
class Run:
    """n rows of several files in the order in which they are sent.

    Attributes:
        sources: (n,) int64, which file each is of.
        order: (n,) int64, ms: the newest event time of its file up to the row, so that each file
            stays in its own order.
        times: (n,) int64, ms: its event time, or else that of ``order``.
        keys: (n,) of bytes.
        values: (n,) of bytes.
        apart: (n,) bool.
    """

    sources: Ints
    order: Ints
    times: Ints
    keys: Objects
    values: Objects
    apart: Flags

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, rows: slice | Ints | Flags) -> Self:
        return type(self)(*(column[rows] for column in self.columns))

    @property
    def columns(self) -> tuple[Any, ...]:
        """All of them, as listed."""
        return tuple(getattr(self, field.name) for field in fields(self))

    @classmethod
    def joined(cls, runs: Sequence[Self]) -> Self:
        """Several, one after the other."""
        if len(runs) == 1:
            return runs[0]
        return cls(*map(np.concatenate, zip(*(run.columns for run in runs), strict=True)))


@dataclass(frozen=True)
class Start:
    """Where reading a file begins.

    Attributes:
        row: The first row that is wanted.
        time_ms: The newest event time before it.
    """

    row: int = 0
    time_ms: int = NO_TIME


def merged(
    files: Sequence[Rows], starts: Sequence[Start], batch_rows: int | None = None
) -> Iterator[Run]:
    """Yield the rows of all files, ordered by time and, at the same time, by file.

    A file is opened when its time comes, so that only those that overlap are open at once.

    Args:
        files: Each in the order of its event times, or nearly so.
        starts: Where to begin with each.
        batch_rows: Rows of a file that are read at once; the more files, the fewer if not given.
    """
    batch_rows = batch_rows or min(
        MOST_BATCH, max(LEAST_BATCH, BUFFERED_ROWS // max(len(files), 1))
    )
    waiting = deque(sorted(_firsts(files, starts)))
    heads: list[_Head] = []
    while heads or waiting:
        bounds = [(int(head.run.order[-1]), head.place) for head in heads]
        if waiting and (not bounds or waiting[0] <= min(bounds)):
            _, place = waiting.popleft()
            head = _Head(place, files[place], starts[place], batch_rows)
            if head.advance():
                insort(heads, head, key=lambda each: each.place)
            continue
        yield _next(heads, *min(bounds))
        heads = [head for head in heads if len(head.run) or head.advance()]


def _next(heads: Sequence["_Head"], bound_ms: int, place: int) -> Run:
    """Take all rows up to a time of a file, for no row is still to come that is before them."""
    taken = []
    for head in heads:
        is_before = head.place <= place
        count = int(head.run.order.searchsorted(bound_ms, "right" if is_before else "left"))
        taken.append(head.run[:count])
        head.run = head.run[count:]
    run = Run.joined(taken)
    return run[np.argsort(run.order, kind="stable")]


def _firsts(files: Sequence[Rows], starts: Sequence[Start]) -> Iterator[tuple[int, int]]:
    """When each file that has rows begins at the earliest, and which it is."""
    for place, (file, start) in enumerate(zip(files, starts, strict=True)):
        if start.row:
            yield start.time_ms, place
            continue
        for batch in file.read(0, 1):
            yield int(batch.times[0]), place
            break


class _Head:
    """What is read of a file and not yet taken."""

    def __init__(self, place: int, file: Rows, start: Start, batch_rows: int) -> None:
        self.place = place
        self._batches = file.read(start.row, batch_rows)
        self._newest = start.time_ms
        self.run: Run

    def advance(self) -> bool:
        """Read the next batch; return whether there was one."""
        batch: Batch | None = next(self._batches, None)
        if batch is None:
            return False
        order = np.maximum(np.maximum.accumulate(batch.times), self._newest)
        self._newest = int(order[-1])
        self.run = Run(
            sources=np.full(len(batch), self.place, dtype=np.int64),
            order=order,
            times=np.where(batch.times == NO_TIME, order, batch.times),
            keys=batch.keys,
            values=batch.values,
            apart=batch.apart,
        )
        return True
