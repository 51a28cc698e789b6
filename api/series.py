"""The candles, or order flows, of one symbol and one interval."""

from bisect import bisect_left
from typing import Generic, TypeVar

from api.records import Row, supersedes

R = TypeVar("R", bound=Row)


class Series(Generic[R]):
    """Rows ascending by start, one a start, the newest ``limit`` of them."""

    __slots__ = ("_rows", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []  # beside the rows, because bisect is fastest on plain ints
        self._rows: list[R] = []

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def newest(self) -> R:
        """The row with the highest start; a series is never empty once put to."""
        return self._rows[-1]

    def put(self, row: R, limit: int) -> None:
        """Insert in order, or replace the row of the same start if this one supersedes it."""
        starts, rows = self._starts, self._rows
        at = len(starts)
        if starts and row.start <= starts[-1]:
            at = bisect_left(starts, row.start)
            if starts[at] == row.start:
                if supersedes(row, rows[at]):
                    rows[at] = row
                return
        starts.insert(at, row.start)
        rows.insert(at, row)
        self.trim(limit)

    def trim(self, limit: int) -> None:
        """Let the oldest go until ``limit`` are left."""
        surplus = len(self._starts) - limit
        if surplus > 0:
            del self._starts[:surplus], self._rows[:surplus]

    def tail(self, count: int, *, final: bool) -> list[R]:
        """The newest rows, ascending, so many; only final ones if that is asked."""
        if not final:
            return self._rows[-count:]
        found: list[R] = []
        for row in reversed(self._rows):
            if len(found) == count:
                break
            if row.final:
                found.append(row)
        found.reverse()
        return found

    def between(self, since: int | None, until: int | None) -> list[R]:
        """Rows with ``since <= start < until``, ascending; None leaves that side open."""
        low = 0 if since is None else bisect_left(self._starts, since)
        high = None if until is None else bisect_left(self._starts, until)
        return self._rows[low:high]
