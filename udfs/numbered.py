"""Numbered trades: which ids were seen, of trades whose ids are numbers.

Exchanges count their trades, so ids of a symbol follow each other. 64 that do share one entry of 24
bytes, a bit for each; by their fingerprints they would take 1,024. The trades of each quarter of an
hour of event time have entries of their own, which are forgotten together.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs import columns
from udfs.codes import distinct
from udfs.fingerprints import absorb, finish, names_of
from udfs.frames import Frame
from udfs.intervals import MINUTE_MS
from udfs.table import MINUTE, Table, in_cell
from udfs.trades import INLINE_ID_BYTES, TRADE
from udfs.words import pointer, record

EPOCH_MS = 15 * MINUTE_MS
"""How long trades share entries, in event time."""

NUMBERED = np.dtype(
    [
        ("number", "i8"),
        ("symbol", "i4"),  # place in the names
        ("epoch", "i4"),  # the minute it begins with, counted from 1970
        ("exchange", "i8"),  # place in the names; -1: none
    ]
)
"""A trade with a number."""

ENTRY = np.dtype([("high", "u8"), ("low", "u8"), ("bits", "u8")])
"""The hash of symbol, exchange and number // 64, whose first bits gave way to the symbol's cell and
whose last to the epoch, and which of the 64 were seen; an empty place of the table is 0."""

_FIELDS = columns.fields_of(NUMBERED)
_ZERO, _NINE = ord("0"), 9


class Numbered(Table):
    """The ids of numbered trades that were seen, forgotten by event time."""

    entry = ENTRY
    epoch_ms = EPOCH_MS

    def __init__(self, held: NDArray[np.void] | None = None) -> None:
        self._epochs = np.zeros(0, np.int64)
        super().__init__(held)

    def add(
        self, trades: NDArray[np.void], names: NDArray[np.uint64], since_ms: int
    ) -> NDArray[np.bool_]:
        """Takes in trades, (n,) of NUMBERED; which of them are new, (n,).

        So is one that was seen in an epoch that was over before ``since_ms``.

        Args:
            trades: Their symbols and exchanges are places in ``names``.
            names: (symbols, 1 + exchanges, 2) hashes of each pair, no exchange first.
            since_ms: Event time, ms.
        """
        self._make_room(trades.size)
        self._epochs = np.union1d(self._epochs, distinct(trades["epoch"])[0])
        remembered = self._epochs[self._epochs >= self.minute_of(since_ms)]
        new = np.empty(trades.size, np.bool_)
        self._size += _add(self._table, trades, names, remembered, new)
        return new

    def _hold(self, held: NDArray[np.void], room: int, since: int) -> None:
        super()._hold(held, room, since)
        self._epochs = np.unique(self.held["low"] & MINUTE).astype(np.int64)


def of_frame(frame: Frame, wanted: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.void]]:
    """Which of the trades wanted, (n,), of a frame are numbered, (n,), and these, of NUMBERED."""
    found = np.empty(frame.trades.size, NUMBERED)
    is_numbered = wanted.copy()
    return is_numbered, found[: _numbers(frame.trades, found, is_numbered)]


def pack(trades: NDArray[np.void]) -> columns.Packed:
    """Trades, (n,) of NUMBERED, as a byte or two for each."""
    return columns.pack(trades, _FIELDS)


def unpack(packed: columns.Packed) -> NDArray[np.void]:
    """What ``pack`` was given."""
    return columns.unpack(packed, _FIELDS, NUMBERED)


@njit(cache=True)
def _numbers(trades, found, is_numbered):  # type: ignore[no-untyped-def]
    """An id is a number if it has up to 16 digits, the first of them not 0.

    ``is_numbered`` says of which trades that is asked, and then of which it is so.
    """
    count = 0
    trade_at = pointer(trades)
    for i in range(trades.size):
        trade = record(trade_at, i)
        length = np.int64(trade.id_length)
        is_numbered[i] &= 0 < length <= INLINE_ID_BYTES
        number = first = np.int64(0)
        if is_numbered[i]:
            for place in range(length - 1, -1, -1):
                word = trade.id_low if place < 8 else trade.id_high
                digit = np.int64((word >> np.uint64(8 * (place & 7))) & np.uint64(0xFF)) - _ZERO
                if place == length - 1:
                    first = digit
                if digit < 0 or digit > _NINE or (first == 0 and length > 1):
                    is_numbered[i] = False
                number = number * 10 + digit
        if is_numbered[i]:
            found[count].number = number
            found[count].symbol = trade.symbol
            found[count].exchange = trade.exchange
            found[count].epoch = trade.timestamp // EPOCH_MS * (EPOCH_MS // MINUTE_MS)
            count += 1
    return count


@njit(cache=True, inline="always")
def _find(table, high, low):  # type: ignore[no-untyped-def]
    """The place of an entry, or the empty one where it would be."""
    mask = np.uint64(table.size - 1)
    slot = high & mask
    while table[slot].low != 0 and (table[slot].high != high or table[slot].low != low):
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@njit(cache=True)
def _add(table, trades, names, remembered, new):  # type: ignore[no-untyped-def]
    # Of each symbol: the block of its last trade, its entry, and what other epochs saw of it.
    last = np.full((names.shape[0], 3), -1, np.int64)
    slots, elsewhere = np.empty(names.shape[0], np.int64), np.empty(names.shape[0], np.uint64)
    count = 0
    for i in range(trades.size):
        trade = trades[i]
        symbol, block, epoch = trade.symbol, trade.number >> 6, np.int64(trade.epoch)
        if (
            last[symbol, 0] != block
            or last[symbol, 1] != epoch
            or last[symbol, 2] != trade.exchange
        ):
            high = name = names[symbol, trade.exchange + 1, 0]
            low = names[symbol, trade.exchange + 1, 1]
            high, low = absorb(high, low, np.uint64(block), np.uint64(0))
            high, low = finish(high, low, 8)
            high, low = in_cell(high, name), low & ~MINUTE
            seen = np.uint64(0)
            for other in remembered:
                if other != epoch:
                    seen |= table[_find(table, high, low | np.uint64(other))].bits
            slot = _find(table, high, low | np.uint64(epoch))
            if table[slot].low == 0:
                table[slot].high, table[slot].low = high, low | np.uint64(epoch)
                count += 1
            last[symbol, 0], last[symbol, 1], last[symbol, 2] = block, epoch, trade.exchange
            slots[symbol], elsewhere[symbol] = slot, seen
        slot = slots[symbol]
        bit = np.uint64(1) << np.uint64(trade.number & 63)
        bits = table[slot].bits
        own = bits if remembered.size and epoch >= remembered[0] else np.uint64(0)
        new[i] = (own | elsewhere[symbol]) & bit == 0
        table[slot].bits = bits | bit
    return count


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    # Names are read-only, and so of a type of their own to numba.
    names = names_of(["-"], [])
    _, trades = of_frame(Frame(0, np.zeros(1, TRADE), ["-"], [], b""), np.ones(1, np.bool_))
    for each in (trades, unpack(pack(trades))):
        Numbered.warm_up().add(each, names, 0)
