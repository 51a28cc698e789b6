"""Windows: the candles, or flows, of every interval that what comes may still change.

A candle of one second is added to that of its second, its ten seconds, and so on to its day. So all
intervals hold the same trades at any moment, and a late trade is added just like one in time: what
differs is only whether its window was closed before, and its candle published as final. Flows of
orders are held in the same way: whatever has a window, flags, a revision and can be merged.
"""

import numpy as np
from numba import from_dtype, njit
from numba.extending import overload
from numpy.typing import NDArray

from udfs import candles, flows
from udfs.candles import AMENDED, CANDLE, FINAL, LENGTHS_MS, NO_IDS, TOUCHED, Candles, ends_of
from udfs.columns import joined
from udfs.flows import FLOW
from udfs.index import find, index_of
from udfs.intervals import MINUTE
from udfs.words import pointer, record

NEVER = np.iinfo(np.int64).max
_INITIAL = 64
Places = NDArray[np.int64]
"""Places of candles in ``Windows.candles.rows``; they hold until the next ``expire``."""


class Windows:
    """The candles, or flows, of one shard, by (symbol, interval, start).

    Args:
        held: ``held`` of another.
        row: CANDLE or FLOW; a flow has no ids.
    """

    _size: int
    _open: Places
    _touched: Places
    """Of the open ones, those that changed since they were last published."""
    _late: Places
    """The same of the closed ones."""
    _amended: Places
    """The minutes that were corrected since ``amended`` was last asked for."""

    def __init__(self, held: Candles | None = None, row: np.dtype[np.void] = CANDLE) -> None:
        self._row = row
        self.recovered_ms = 0
        """When the state was last restored from a checkpoint that is older than what was published
        since. A candle that may have been published then goes on with revisions from here on, which
        are higher than any before: a consumer may keep the highest."""
        self.next_end = int(NEVER)
        """When the first of the open windows ends, ms; NEVER if none is open."""
        self.hold(Candles(np.zeros(0, row), NO_IDS) if held is None else held)

    def __len__(self) -> int:
        return self._size

    @property
    def held(self) -> Candles:
        """All candles, as the constructor takes them."""
        return self.candles.take(slice(self._size))

    @property
    def waits(self) -> bool:
        """Whether ``correct`` has candles."""
        return bool(self._late.size)

    def has_touched(self, intervals: NDArray[np.bool_]) -> bool:
        """Whether ``forming`` has candles of these intervals."""
        return bool(intervals[self.candles.rows["interval"][self._touched]].any())

    def add(self, seconds: Candles, passed: int) -> None:
        """Adds those of one second to those of all intervals; what changes is touched.

        A window that gets its first trade after event time has passed its end, ms, is closed at
        once.
        """
        added = seconds.rows.size
        self._make_room(len(LENGTHS_MS) * added, bool(seconds.ids.size))
        touched = np.empty(len(LENGTHS_MS) * added, np.int64)
        size, count, next_end = _add(
            self.candles.rows,
            self.candles.ids,
            self._index,
            self._size,
            seconds.rows,
            seconds.ids,
            passed,
            touched,
        )
        if size > self._size:
            new = np.arange(self._size, size)
            self._open = np.concatenate(
                [self._open, new[~_has(self.candles.rows[self._size : size], FINAL)]]
            )
            self.next_end = min(self.next_end, next_end)
            self._size = size
        if count:
            touched = touched[:count]
            is_late = self.candles.rows["flags"][touched] & FINAL != 0
            self._touched = np.concatenate([self._touched, touched[~is_late]])
            self._late = np.concatenate([self._late, touched[is_late]])

    def close(self, until_ms: int) -> NDArray[np.void]:
        """Closes the windows that end at ``until_ms`` or before; the first to end comes first."""
        ends = ends_of(self.candles.rows.take(self._open))
        over = ends <= until_ms
        order = np.argsort(ends[over], kind="stable")
        closed = self._open[over][order]
        if closed.size:
            self._open = self._open[~over]
            self.next_end = int(ends[~over].min(initial=NEVER))
            self.candles.rows["flags"][closed] = FINAL
            self.candles.rows["revision"][closed] = self._least_revisions(ends[over][order])
            self._touched = self._touched[_has(self.candles.rows.take(self._touched), TOUCHED)]
        return self.candles.rows.take(closed)

    @property
    def has_amended(self) -> bool:
        """Whether ``amended`` has candles."""
        return bool(self._amended.size or self._late.size)

    def amended(self) -> NDArray[np.void]:
        """The closed minutes that changed since this was last asked for; once more if they wait."""
        rows = self.candles.rows
        changed: Places = np.concatenate([self._amended, self._unamended(self._late)])
        rows["flags"][self._amended] &= ~AMENDED
        self._amended = self._amended[:0]
        return rows.take(changed)

    def correct(self) -> NDArray[np.void]:
        """The closed candles touched since this was last asked; each gets its next revision."""
        rows, corrected = self.candles.rows, self._late
        self._late = corrected[:0]
        amended = self._unamended(corrected)
        self._amended = np.concatenate([self._amended, amended])
        rows["flags"][corrected] &= ~TOUCHED
        rows["flags"][amended] |= AMENDED
        found = rows.take(corrected)
        least = self._least_revisions(ends_of(found))
        found["revision"] = np.maximum(found["revision"], least) + 1
        rows["revision"][corrected] = found["revision"]
        return found

    def forming(self, intervals: NDArray[np.bool_]) -> NDArray[np.void]:
        """The open candles of some intervals, (8,), touched since they were last asked for."""
        rows = self.candles.rows
        wanted = intervals[rows["interval"][self._touched]]
        places: Places = self._touched[wanted]
        rows["flags"][places] &= ~TOUCHED
        self._touched = self._touched[~wanted]
        return rows.take(places)

    def closed(self, symbols: NDArray[np.int64] | None = None) -> NDArray[np.void]:
        """The closed candles, of some symbols or all; the first to end comes first."""
        rows = self.candles.rows[: self._size]
        wanted = _has(rows, FINAL)
        if symbols is not None:
            wanted &= np.isin(rows["symbol"], symbols)
        return _by_end(rows.compress(wanted))

    def expire(self, until_ms: int) -> NDArray[np.void]:
        """Forgets the closed candles whose windows ended at ``until_ms`` or before.

        Returns:
            These; the first to end comes first.
        """
        rows = self.candles.rows[: self._size]
        keep = (ends_of(rows) > until_ms) | ~_has(rows, FINAL)
        expired = _by_end(rows.compress(~keep))
        if expired.size:
            self.hold(self.held.take(np.flatnonzero(keep)))
        return expired

    def hold(self, held: Candles) -> None:
        """Forgets all but these candles."""
        self._size = held.rows.size
        self._place(held, max(_INITIAL, 1 << self._size.bit_length()), bool(held.ids.size))
        is_final = _has(held.rows, FINAL)
        self._open = np.flatnonzero(~is_final)
        self.next_end = int(ends_of(held.rows.compress(~is_final)).min(initial=NEVER))
        is_touched = _has(held.rows, TOUCHED)
        self._touched = np.flatnonzero(is_touched & ~is_final)
        self._late = np.flatnonzero(is_touched & is_final)
        self._amended = np.flatnonzero(_has(held.rows, AMENDED))

    def _unamended(self, places: Places) -> Places:
        """The minutes among these that ``_amended`` does not have."""
        rows = self.candles.rows
        are_new = rows["flags"][places] & AMENDED == 0
        found: Places = places[are_new & (rows["interval"][places] == MINUTE)]
        return found

    def _least_revisions(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        least: NDArray[np.int64] = np.where(ends <= self.recovered_ms, self.recovered_ms, 0)
        return least

    def _make_room(self, more: int, long_ids: bool) -> None:
        room = self.candles.rows.size
        long_ids = long_ids or bool(self.candles.ids.size)
        if self._size + more > room or (long_ids and not self.candles.ids.size):
            while self._size + more > room:
                room *= 2
            self._place(self.held, room, long_ids)

    def _place(self, held: Candles, room: int, long_ids: bool) -> None:
        """Puts these candles, and an index of them, where there is room for so many."""
        rows = joined([held.rows, np.zeros(room - held.rows.size, self._row)])
        ids = np.zeros((room if long_ids else 0, *NO_IDS.shape[1:]), np.uint8)
        ids[: len(held.ids)] = held.ids
        self.candles = Candles(rows, ids)
        self._index = index_of(rows, held.rows.size)


def _by_end(rows: NDArray[np.void]) -> NDArray[np.void]:
    ordered: NDArray[np.void] = rows.take(np.argsort(ends_of(rows), kind="stable"))
    return ordered


def _has(rows: NDArray[np.void], flag: np.uint8) -> NDArray[np.bool_]:
    has: NDArray[np.bool_] = rows["flags"] & flag != 0
    return has


def _merge(into, words, ids, at, other, other_words, other_ids, other_at):  # type: ignore[no-untyped-def]
    """As ``candles.merge``, of whatever the rows are."""
    raise NotImplementedError("for kernels only")


@overload(_merge, inline="always")
def _merge_of(into, words, ids, at, other, other_words, other_ids, other_at):  # type: ignore[no-untyped-def]
    """Chooses when a kernel is compiled, by the type of its rows."""
    if into.dtype == from_dtype(CANDLE):

        def merge(into, words, ids, at, other, other_words, other_ids, other_at):  # type: ignore[no-untyped-def]
            candles.merge(into, words, ids, at, other, other_words, other_ids, other_at)

    else:

        def merge(into, words, ids, at, other, other_words, other_ids, other_at):  # type: ignore[no-untyped-def]
            flows.merge(words, at, other_words, other_at)

    return merge


@njit(cache=True)
def _add(rows, ids, index, size, seconds, seconds_ids, passed, touched):  # type: ignore[no-untyped-def]
    """Adds candles of one second.

    Returns:
        The new size; how many are newly touched; when the first of the new windows that are open
        ends.
    """
    row_at, words, id_at = pointer(rows), pointer(rows.view(np.int64)), pointer(ids)
    second_at, second_words = pointer(seconds), pointer(seconds.view(np.int64))
    second_ids = pointer(seconds_ids)
    count, next_end = 0, NEVER
    for s in range(seconds.size):
        second = record(second_at, s)
        symbol = second.symbol
        for interval in range(LENGTHS_MS.size):
            start = second.start - second.start % LENGTHS_MS[interval]
            slot = find(row_at, index, symbol, interval, start)
            p = index[slot]
            if p < 0:
                p = size
                size += 1
                index[slot] = p
                rows[p] = seconds[s]
                new = record(row_at, p)
                new.start, new.interval, new.flags = start, interval, 0
                end = start + LENGTHS_MS[interval]
                if end <= passed:
                    new.flags = FINAL
                else:
                    next_end = min(next_end, end)
                if seconds_ids.shape[0]:
                    ids[p] = seconds_ids[s]
            else:
                _merge(row_at, words, id_at, p, second_at, second_words, second_ids, s)  # type: ignore[no-untyped-call]
            candle = record(row_at, p)
            if not candle.flags & TOUCHED:
                candle.flags |= TOUCHED
                touched[count] = p
                count += 1
    return size, count, next_end


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    for row in (CANDLE, FLOW):
        windows = Windows(row=row)
        windows.add(Candles(np.zeros(1, row), NO_IDS), 0)
        Windows(windows.held, row)
