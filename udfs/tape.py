"""The tape: the trades of a shard in the order of their time, once that is known.

Trades come out of order, so they wait until event time has passed them. Those of one millisecond
follow by id, price and quantity: the tape is the same however its trades came.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs import columns
from udfs.columns import NOTHING, Packed, joined
from udfs.trades import TRADE
from udfs.windows import NEVER

_FIELDS = columns.fields_of(TRADE, "row", "exchange")


class Tape:
    """The trades that wait."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, NDArray[np.void]]] = []
        """Each with its first time."""
        self.first = int(NEVER)
        """The time of the first trade that waits, ms; NEVER if there is none."""

    @property
    def symbols(self) -> NDArray[np.int64]:
        """(n,) those of the trades that wait."""
        parts = [part["symbol"] for _, part in self._parts]
        return np.concatenate([np.zeros(0, np.int64), *parts])

    @property
    def waiting(self) -> NDArray[np.void]:
        """(n,) of TRADE."""
        return joined([np.zeros(0, TRADE), *(part for _, part in self._parts)])

    def add(self, trades: NDArray[np.void]) -> None:
        """Takes in trades whose time has not passed."""
        if trades.size:
            first = int(trades["timestamp"].min())
            self._parts.append((first, trades))
            self.first = min(self.first, first)

    def take(self, until_ms: int) -> NDArray[np.void]:
        """(n,) of TRADE: takes out those before ``until_ms``, by symbol and in their order."""
        over = [part for first, part in self._parts if first < until_ms]
        self._parts = [each for each in self._parts if each[0] >= until_ms]
        self.first = min((first for first, _ in self._parts), default=int(NEVER))
        taken, rest = _divide(over, until_ms)
        self.add(rest)
        return taken

    def rename(self, codes: NDArray[np.int64]) -> None:
        """Gives each symbol the code at its place."""
        for _, part in self._parts:
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
    """Trades as they are written down, without their exchanges and rows."""
    return columns.pack(trades, _FIELDS) if trades.size else NOTHING


def unpack(packed: Packed) -> NDArray[np.void]:
    """What ``pack`` was given."""
    return columns.unpack(packed, _FIELDS, TRADE)


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    trades = unpack(pack(np.zeros(2, TRADE)))
    trades["quantity"] = 2, 1  # not in order
    _divide([trades], 1)
