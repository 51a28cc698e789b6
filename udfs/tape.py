"""The tape: the trades of a shard in the order of their time, once that is known.

Trades come out of order, so they wait until event time has passed them. Those of one millisecond
follow by id, price and quantity: the tape is the same however its trades came.
"""

from collections.abc import Iterable
from itertools import groupby

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs import columns
from udfs.columns import joined
from udfs.frames import FIELDS
from udfs.trades import TRADE
from udfs.windows import NEVER

SOON_MS = 10_000
"""What waits for longer does so packed: partitions that are read hours ahead of another are."""

Packed = tuple[columns.Packed, bytes]
"""Trades as they are written down, and of each symbol that they tell the code (i8, -1 if they are
none of it); or nothing if they tell the codes themselves."""


class Tape:
    """The trades that wait."""

    def __init__(self, written: Iterable[Packed] = ()) -> None:
        """The one of which ``pack`` gave this."""
        self._parts: list[tuple[int, NDArray[np.void] | Packed]] = [
            (_first_of(part), part) for part in written
        ]
        """Each with its first time."""
        self.first = min((first for first, _ in self._parts), default=int(NEVER))
        """The time of the first trade that waits, ms; NEVER if there is none."""

    def mark(self, symbols: NDArray[np.bool_]) -> None:
        """Sets those that trades wait of, and perhaps others that came with them."""
        for _, part in self._parts:
            if isinstance(part, tuple) and (codes := _codes_of(part)) is not None:
                symbols[codes[codes >= 0]] = True
            else:
                symbols[_unpacked(part)["symbol"]] = True

    def pack(self) -> list[Packed]:
        """Those that wait, as they are written down."""
        found: list[Packed] = []
        for _, group in groupby(self._parts, lambda part: isinstance(part[1], tuple)):
            parts = [part for _, part in group]
            packed = [part for part in parts if isinstance(part, tuple)]
            found += packed or [pack(joined([_unpacked(part) for part in parts]))]
        return found

    def add(self, trades: NDArray[np.void], soon_ms: int, written: Packed | None = None) -> None:
        """Takes in trades whose time has not passed.

        Args:
            trades: (n,) of TRADE.
            soon_ms: Until when they are read soon.
            written: The same as they are written down, if they are.
        """
        if not trades.size:
            return
        first = int(trades["timestamp"].min())
        if written and first >= soon_ms:
            (size, kinds, data), codes = written
            # A copy, because there is room for more.
            data = memoryview(data.tobytes())
            self._parts.append((first, ((size, kinds, data), codes)))
        else:
            self._parts.append((first, trades))
        self.first = min(self.first, first)

    def take(self, until_ms: int) -> NDArray[np.void]:
        """(n,) of TRADE: takes out those before ``until_ms``, by symbol and in their order."""
        over = [_unpacked(part) for first, part in self._parts if first < until_ms]
        self._parts = [each for each in self._parts if each[0] >= until_ms]
        self.first = min((first for first, _ in self._parts), default=int(NEVER))
        taken, rest = _divide(over, until_ms)
        self.add(rest, until_ms)
        return taken

    def rename(self, codes: NDArray[np.int64]) -> None:
        """Gives each symbol the code at its place."""
        for place, (first, part) in enumerate(self._parts):
            if isinstance(part, tuple):
                before = _codes_of(part)
                after = codes if before is None else np.where(before < 0, -1, codes[before])
                self._parts[place] = first, (part[0], after.tobytes())
            else:
                part["symbol"] = codes[part["symbol"]]


def _divide(
    parts: list[NDArray[np.void]], until_ms: int
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Those before a time, by symbol and in their order; and the others, as they came."""
    symbols = 1 + max((int(part["symbol"].max()) for part in parts), default=-1)
    sizes = np.zeros(symbols + 2, np.int64)
    for part in parts:
        _count(part, until_ms, sizes)
    # Where each symbol begins; after the last one, the others.
    begins = np.cumsum(sizes)
    next_of, count = begins.copy(), int(begins[symbols])
    divided = np.empty(sum(part.size for part in parts), TRADE)
    are_sorted = [_place(part, until_ms, begins, next_of, divided) for part in parts]
    taken, rest = divided[:count], divided[count:]
    return taken if all(are_sorted) else _in_order(taken, begins[: symbols + 1]), rest


@njit(cache=True, inline="always")
def _is_before(a, b):  # type: ignore[no-untyped-def]
    if a.timestamp != b.timestamp:
        return a.timestamp < b.timestamp
    if a.id_length != b.id_length:
        return a.id_length < b.id_length
    if a.id_high != b.id_high:
        return a.id_high < b.id_high
    if a.id_low != b.id_low:
        return a.id_low < b.id_low
    if a.price != b.price:
        return a.price < b.price
    return a.quantity < b.quantity


@njit(cache=True)
def _count(trades, until_ms, sizes):  # type: ignore[no-untyped-def]
    """Counts those before a time, at the place after that of their symbol."""
    for i in range(trades.size):
        if trades[i].timestamp < until_ms:
            sizes[trades[i].symbol + 1] += 1


@njit(cache=True)
def _place(trades, until_ms, begins, next_of, divided):  # type: ignore[no-untyped-def]
    """Writes those before a time by symbol, as they came, and the others after them all.

    Returns whether those are in their order, after what was written before: they mostly are, and
    need not be sorted.
    """
    are_sorted = True
    for i in range(trades.size):
        is_over = trades[i].timestamp < until_ms
        symbol = trades[i].symbol if is_over else begins.size - 2
        place = next_of[symbol]
        divided[place] = trades[i]
        next_of[symbol] = place + 1
        if is_over and place > begins[symbol] and _is_before(trades[i], divided[place - 1]):
            are_sorted = False
    return are_sorted


@njit(cache=True)
def _in_order(trades, begins):  # type: ignore[no-untyped-def]
    """The trades of each symbol, which begin at ``begins``, in their order.

    They come from several partitions, each of which has them nearly in order: so runs that are in
    order are merged, two and two, until one is left. No sort by several keys would know of them.
    """
    places, merged = np.arange(trades.size), np.empty(trades.size, np.int64)
    for symbol in range(begins.size - 1):
        first, end = begins[symbol], begins[symbol + 1]
        is_one = False
        while not is_one:
            is_one = _merge_runs(trades, places, merged, first, end)
            places[first:end] = merged[first:end]
    ordered = np.empty_like(trades)
    for i in range(trades.size):
        ordered[i] = trades[places[i]]
    return ordered


@njit(cache=True)
def _merge_runs(trades, places, merged, first, end):  # type: ignore[no-untyped-def]
    """Merges each two runs between ``first`` and ``end``; returns whether there was only one pair.

    Of equals, those of the run before come first.
    """
    start = first
    while start < end:
        middle = _run_end(trades, places, start, end)
        stop = _run_end(trades, places, middle, end)
        left, right = start, middle
        for i in range(start, stop):
            if right < stop and (
                left == middle or _is_before(trades[places[right]], trades[places[left]])
            ):
                merged[i] = places[right]
                right += 1
            else:
                merged[i] = places[left]
                left += 1
        if start == first and stop == end:
            return True
        start = stop
    return first == end


@njit(cache=True, inline="always")
def _run_end(trades, places, start, end):  # type: ignore[no-untyped-def]
    """Where the places that begin at ``start`` are in order no more."""
    i = start + 1
    while i < end and not _is_before(trades[places[i]], trades[places[i - 1]]):
        i += 1
    return min(i, end)


def pack(trades: NDArray[np.void]) -> Packed:
    """Trades as they are written down, with the codes that they have."""
    return columns.pack(trades, FIELDS), b""


def unpack(parts: Iterable[Packed]) -> NDArray[np.void]:
    """(n,) of TRADE: those of all parts, with the codes of their symbols."""
    found = [np.zeros(0, TRADE)]
    for part in parts:
        trades, codes = columns.unpack(part[0], FIELDS, TRADE), _codes_of(part)
        if codes is not None:
            trades["symbol"] = codes[trades["symbol"]]
        found.append(trades)
    return joined(found)


def _unpacked(part: NDArray[np.void] | Packed) -> NDArray[np.void]:
    return unpack([part]) if isinstance(part, tuple) else part


def _codes_of(part: Packed) -> NDArray[np.int64] | None:
    return np.frombuffer(part[1], np.int64) if part[1] else None


def _first_of(part: Packed) -> int:
    """The time of the first: the least of the column of times, all of which are after 1970."""
    (_, kinds, _), _ = part
    return int(np.frombuffer(kinds, columns.COLUMN, 1)["least"][0].astype(np.int64))


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    trades = unpack([pack(np.zeros(2, TRADE))])
    trades["quantity"] = 2, 1  # not in order
    _divide([trades], 1)
