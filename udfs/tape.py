"""The tape: the trades of a shard in the order of their time, once that is known.

Trades come out of order, so they wait until event time has passed them. Those of one millisecond
follow by id, price and quantity: the tape is the same however its trades came.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs import columns
from udfs.codes import recode
from udfs.columns import joined
from udfs.frames import FIELDS
from udfs.trades import TRADE, where
from udfs.windows import NEVER
from udfs.words import pointer, record

SOON_MS = 10_000
"""What waits for longer does so packed: partitions that are read hours ahead of another are."""
_SAMPLE, _MANY = 250, 50
"""So many trades are looked at to know the usual times. Of those, one in so many may come long
before the others: it waits apart."""
_LITTLE = 4
"""A part of which a fourth is left is copied, so that the rest can go."""
_PILES = 4
"""More than that many are of no use: see ``_sorted``."""
_LONG_AGO = -int(NEVER) - 1
"""Before all times; no tape begins as early."""


class Packed(msgspec.Struct, array_like=True, frozen=True):
    """Trades as they are written down."""

    trades: columns.Packed
    codes: bytes = b""
    """Of each symbol that they tell, the code (i8, -1 if they are none of it); nothing if they tell
    the codes themselves."""
    kept: bytes = b""
    """A bit of each: whether it counts; nothing if all do."""

    def without(self, wanted: NDArray[np.bool_]) -> "Packed":
        """Those that are wanted, (n,), of those that count."""
        kept = _are_kept(self)
        kept[kept] = wanted
        return Packed(self.trades, self.codes, bits_of(kept))


class Tape:
    """The trades that wait."""

    def __init__(self, written: Iterable[Packed] = ()) -> None:
        """The one of which ``pack`` gave this."""
        self._parts = []
        self._symbols = 0
        """No code is as high."""
        for part in written:
            trades = unpack([part])
            self._know(trades, part)
            self._parts.append(_Part(part, int(trades["timestamp"].min(initial=NEVER))))
        self._taken = -int(NEVER)
        """Those of parts that are not packed and come before this time have been taken."""

    @property
    def first(self) -> int:
        """The time of the first trade that waits, ms; NEVER if there is none."""
        return min((part.first for part in self._parts), default=int(NEVER))

    def mark(self, symbols: NDArray[np.bool_]) -> None:
        """Sets those that trades wait of, and perhaps others that came with them."""
        for part in self._parts:
            if isinstance(part.trades, Packed) and (codes := _codes_of(part.trades)) is not None:
                symbols[codes[codes >= 0]] = True
            else:
                symbols[_unpacked(part.trades)["symbol"]] = True

    def pack(self) -> list[Packed]:
        """Those that wait, as they are written down."""
        found: list[Packed] = []
        for _, group in groupby(self._parts, lambda part: isinstance(part.trades, Packed)):
            parts = list(group)
            packed = [part.trades for part in parts if isinstance(part.trades, Packed)]
            found += packed
            if not packed:
                trades = joined([_unpacked(part.trades) for part in parts])
                found.append(pack(where(trades, trades["timestamp"] >= self._taken)))
        return found

    def add(
        self,
        trades: NDArray[np.void],
        passed_ms: int,
        soon_ms: int,
        written: Packed | None = None,
    ) -> None:
        """Takes in trades, but for those whose time has passed.

        Args:
            trades: (n,) of TRADE; they are the tape's from now on.
            passed_ms: What is taken next is not before it, and all before it was taken.
            soon_ms: Until when they are read soon; not before ``passed_ms``.
            written: The same as they are written down, if they are.
        """
        self._taken = max(self._taken, passed_ms)
        times = trades["timestamp"]
        some = np.sort(times[:: trades.size // _SAMPLE + 1])
        usual = int(some[some.size // _MANY]) if some.size else 0
        first, begin, last = _look(trades, passed_ms, usual)
        if first == NEVER:
            return
        self._know(trades, written)
        if begin - first > last - begin:
            # Late ones come long before the others, and would have all of them looked at by then.
            are_early = (times >= passed_ms) & (times < begin)
            self._parts.append(_Part(where(trades, are_early), first))
            times[are_early] = _LONG_AGO
            first = begin
        if not written or first < soon_ms:
            self._parts.append(_Part(trades, first))
            return
        are_kept = times >= first
        if not are_kept.all():
            written = written.without(are_kept)
        size, kinds, data = written.trades
        # A copy, because there is room for more.
        data = memoryview(data.tobytes())
        written = msgspec.structs.replace(written, trades=(size, kinds, data))
        self._parts.append(_Part(written, first))

    def take(self, until_ms: int) -> NDArray[np.void]:
        """(n,) of TRADE: takes out those before ``until_ms``, by symbol and in their order."""
        over = [part for part in self._parts if part.first < until_ms]
        unpacked = [_unpacked(part.trades) for part in over]
        taken, left = _divide(unpacked, self._symbols, self._taken, until_ms)
        for part, trades, (first, size) in zip(over, unpacked, left, strict=True):
            part.first = first
            # What is left stays where it is: to copy it each time takes longer than to look.
            is_little = _LITTLE * size < trades.size
            part.trades = where(trades, trades["timestamp"] >= until_ms) if is_little else trades
        self._parts = [part for part in self._parts if part.first < NEVER]
        self._taken = until_ms
        return taken

    def rename(self, codes: NDArray[np.int64]) -> None:
        """Gives each symbol the code at its place."""
        for part in self._parts:
            if isinstance(part.trades, Packed):
                before = _codes_of(part.trades)
                after = codes if before is None else np.where(before < 0, -1, codes[before])
                part.trades = msgspec.structs.replace(part.trades, codes=after.tobytes())
            else:
                recode(part.trades["symbol"], codes)
        self._symbols = int(codes.max(initial=-1)) + 1

    def _know(self, trades: NDArray[np.void], written: Packed | None) -> None:
        """Takes in the codes of trades; where they are written down with codes, these are few."""
        codes = _codes_of(written) if written else None
        codes = trades["symbol"] if codes is None else codes
        self._symbols = max(self._symbols, int(codes.max(initial=-1)) + 1)


@dataclass
class _Part:
    """Trades that came together."""

    trades: NDArray[np.void] | Packed
    first: int
    """The time of the first that waits; NEVER if there is none."""


def _divide(
    parts: list[NDArray[np.void]], symbols: int, since_ms: int, until_ms: int
) -> tuple[NDArray[np.void], list[tuple[int, int]]]:
    """Those of so many symbols between two times, by symbol and in their order.

    Returns:
        They, and of each part the first time after them, and how many are left.
    """
    sizes, others_sizes = np.zeros((2, symbols + 1), np.int64)
    newest, are_others = np.zeros(symbols, TRADE), [np.empty(part.size, np.bool_) for part in parts]
    left = [
        _count(part, since_ms, until_ms, sizes, newest, own, others_sizes)
        for part, own in zip(parts, are_others, strict=True)
    ]
    begins, ends = np.cumsum(sizes), np.cumsum(others_sizes)
    others = np.empty(ends[symbols], TRADE)
    if others.size:
        at = ends.copy()
        for part, own in zip(parts, are_others, strict=True):
            _set_apart(part, own, at, others)
        _put_in_order(others, ends)
    taken, fronts, at = np.empty(begins[symbols], TRADE), begins.copy(), ends.copy()
    for part, own in zip(parts, are_others, strict=True):
        _merge_in(part, since_ms, until_ms, own, others, ends, at, fronts, taken)
    return taken, left


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
def _look(trades, passed_ms, usual_ms):  # type: ignore[no-untyped-def]
    """The first time that has not passed, the first of them that is usual, and the last.

    NEVER if there is none.
    """
    first = begin = NEVER
    last = -NEVER
    for i in range(trades.size):
        time = trades[i].timestamp
        if time >= passed_ms:
            first = min(first, time)
            last = max(last, time)
            if time >= usual_ms:
                begin = min(begin, time)
    return first, begin, last


@njit(cache=True)
def _count(trades, since_ms, until_ms, sizes, newest, are_others, others_sizes):  # type: ignore[no-untyped-def]
    """Counts those between two times, and the others among them, at the place after their symbol's.

    The others are those that are not in order with what came before, of which ``newest`` has the
    last of each symbol; which they are, (n,), is set in ``are_others``.

    Returns the first time after those, and how many are left.
    """
    first, left = NEVER, 0
    newest_at, trade_at = pointer(newest), pointer(trades)
    # The newest of a symbol lies among these trades, or was copied from those before.
    last = np.full(newest.size, -1)
    for i in range(trades.size):
        trade = record(trade_at, i)
        are_others[i] = False
        if trade.timestamp >= until_ms:
            first = min(first, trade.timestamp)
            left += 1
        elif trade.timestamp >= since_ms:
            symbol = trade.symbol
            before = last[symbol]
            is_other = (
                _is_before(trade, record(trade_at, before))
                if before >= 0
                else sizes[symbol + 1] > 0 and _is_before(trade, record(newest_at, symbol))
            )
            sizes[symbol + 1] += 1
            if is_other:
                are_others[i] = True
                others_sizes[symbol + 1] += 1
            else:
                last[symbol] = i
    for symbol in range(newest.size):
        if last[symbol] >= 0:
            newest[symbol] = trades[last[symbol]]
    return first, left


@njit(cache=True)
def _set_apart(trades, are_others, at, others):  # type: ignore[no-untyped-def]
    """Writes the others by symbol, as they came, to where ``at`` is."""
    for i in range(trades.size):
        if are_others[i]:
            symbol = trades[i].symbol
            others[at[symbol]] = trades[i]
            at[symbol] += 1


@njit(cache=True)
def _put_in_order(trades, begins):  # type: ignore[no-untyped-def]
    """Puts the trades of each symbol, which begin there, in their order; equals keep theirs."""
    for symbol in range(begins.size - 1):
        own = trades[begins[symbol] : begins[symbol + 1]]
        if own.size > 1:
            before = own.copy()
            places = _sorted(before, np.arange(own.size))
            for i in range(own.size):
                own[i] = before[places[i]]


@njit(cache=True)
def _merge_in(trades, since_ms, until_ms, are_others, others, ends, at, fronts, taken):  # type: ignore[no-untyped-def]
    """Writes those between two times by symbol to where ``fronts`` is, others where they belong.

    Others of a symbol are in order from ``at`` on, up to the next one's begin in ``ends``. Each of
    them comes before one that is none, so none is left; of equals they come last.
    """
    trade_at, other_at = pointer(trades), pointer(others)
    for i in range(trades.size):
        trade = record(trade_at, i)
        if since_ms <= trade.timestamp < until_ms and not are_others[i]:
            symbol = trade.symbol
            place = fronts[symbol]
            while at[symbol] < ends[symbol + 1] and _is_before(record(other_at, at[symbol]), trade):
                taken[place] = others[at[symbol]]
                at[symbol] += 1
                place += 1
            taken[place] = trades[i]
            fronts[symbol] = place + 1


@njit(cache=True)
def _sorted(trades, places):  # type: ignore[no-untyped-def]
    """Places of trades, in the order of these; changes what it is given.

    They come from several partitions, each of which has them nearly in order. So those that are in
    order are put on a pile, those that are left out on another one, and so on; then the piles are
    merged. No sort by several keys would know of them. What is too wild for so many piles is merged
    by its runs.
    """
    piles, merged = np.empty_like(places), np.empty_like(places)
    ends = np.zeros(_PILES + 1, np.int64)
    left, count = places.size, 0
    while left and count < _PILES:
        at, left = _pile_up(trades, places[:left], piles[ends[count] :])
        ends[count + 1] = ends[count] + at
        count += 1
    if count == 1 and not left:
        return piles
    while not _merge_runs(trades, places[:left], merged):
        places[:left] = merged[:left]
    # Of equals those of an earlier pile came first.
    for pile in range(count - 1, -1, -1):
        places[:left] = merged[:left]
        own = piles[ends[pile] : ends[pile + 1]]
        _merge(trades, own, places[:left], merged)
        left += own.size
    return merged


@njit(cache=True, inline="always")
def _pile_up(trades, places, pile):  # type: ignore[no-untyped-def]
    """Puts the places that are in order on a pile, and the others at the begin of ``places``.

    Returns how many those are, and these. Of equals, what came first is on no later pile.
    """
    last = places[0]
    size = left = 0
    for place in places:
        if _is_before(trades[place], trades[last]):
            places[left] = place
            left += 1
        else:
            pile[size] = last = place
            size += 1
    return size, left


@njit(cache=True, inline="always")
def _merge(trades, ones, others, merged):  # type: ignore[no-untyped-def]
    """Merges places that are in order; of equals, ``ones`` come first."""
    i = j = 0
    for at in range(ones.size + others.size):
        if j < others.size and (i == ones.size or _is_before(trades[others[j]], trades[ones[i]])):
            merged[at] = others[j]
            j += 1
        else:
            merged[at] = ones[i]
            i += 1


@njit(cache=True)
def _merge_runs(trades, places, merged):  # type: ignore[no-untyped-def]
    """Merges each two runs of places that are in order; returns whether one is left."""
    start = 0
    while start < places.size:
        middle = _run_end(trades, places, start)
        end = _run_end(trades, places, middle)
        _merge(trades, places[start:middle], places[middle:end], merged[start:])
        if start == 0 and end == places.size:
            return True
        start = end
    return places.size == 0


@njit(cache=True, inline="always")
def _run_end(trades, places, start):  # type: ignore[no-untyped-def]
    """Where the places that begin at ``start`` are in order no more."""
    i = start + 1
    while i < places.size and not _is_before(trades[places[i]], trades[places[i - 1]]):
        i += 1
    return min(i, places.size)


def pack(trades: NDArray[np.void]) -> Packed:
    """Trades as they are written down, with the codes that they have."""
    return Packed(columns.pack(trades, FIELDS))


def unpack(parts: Iterable[Packed]) -> NDArray[np.void]:
    """(n,) of TRADE: those of all parts, with the codes of their symbols."""
    found = []
    for part in parts:
        trades, codes = columns.unpack(part.trades, FIELDS, TRADE), _codes_of(part)
        if part.kept:
            trades = where(trades, _are_kept(part))
        if codes is not None:
            recode(trades["symbol"], codes)
        found.append(trades)
    if len(found) == 1:
        return found[0]  # as it is: all the others cost a copy
    return joined([np.zeros(0, TRADE), *found])


def bits_of(kept: NDArray[np.bool_]) -> bytes:
    """Which trades count, (n,), as it is written down."""
    return np.packbits(kept).tobytes()


def _are_kept(part: Packed) -> NDArray[np.bool_]:
    size = part.trades[0]
    if not part.kept:
        return np.ones(size, np.bool_)
    return np.unpackbits(np.frombuffer(part.kept, np.uint8), count=size).astype(np.bool_)


def _unpacked(part: NDArray[np.void] | Packed) -> NDArray[np.void]:
    """The trades of a part, also those that do not count, of a time before all others."""
    if not isinstance(part, Packed):
        return part
    trades = unpack([msgspec.structs.replace(part, kept=b"")])
    if part.kept:
        # They stay, because all the others cost a copy.
        trades["timestamp"][~_are_kept(part)] = _LONG_AGO
    return trades


def _codes_of(part: Packed) -> NDArray[np.int64] | None:
    return columns.array(part.codes, np.dtype(np.int64)) if part.codes else None


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    trades = unpack([pack(np.zeros(2, TRADE))])
    Tape().add(trades, 0, 0)
    trades["quantity"] = 2, 1  # not in order
    _divide([trades], 1, 0, 1)
