"""Partial candles: what some trades add to each (symbol, second).

Partial candles merge by minimum, maximum and integer sums, so a candle is the same however its
trades are cut into frames, in whatever order they come:

- *Open and close* are the prices of the least and the greatest order key: a text of (event time,
  trade id, price) whose byte order is that of the trades, and which ends in the price. Of two ids
  the longer is the greater, so that digits compare as numbers.
- *Sums* are exact. A double is split into three integers of 44 bits, the multiples of 2**8,
  2**-36 and 2**-80 in it. Their sums do not depend on order, and the double made from them in the
  end is the nearest to the true sum, what ``math.fsum`` gives. (Of terms below 2**-27, less than a
  satoshi, what is under 2**-80 is cut off.)
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.frames import Frame, long_id_starts
from udfs.scanner import BUY
from udfs.trades import INLINE_ID_BYTES, TRADE
from udfs.words import pointer, record

SECOND_MS = 1_000
LIMB_BITS = 44
LIMBS = 3
UNITS = (2.0**8, 2.0**-36, 2.0**-80)
"""What one of each limb is worth, the greatest first."""
PRICE_MARK = " "
"""What stands before the price in an order key."""

_LIMB_MASK = (1 << LIMB_BITS) - 1
_TOP, _PER_TOP, _MIDDLE, _LOW = 2.0**8, 2.0**-8, 2.0**36, 2.0**44

PARTIAL = np.dtype(
    [
        ("second", "i8"),  # start of the second, ms since epoch
        ("symbol", "i4"),
        ("trades", "i4"),
        ("open", "i4"),  # index of the trade that opens it
        ("close", "i4"),
        ("high", "f8"),
        ("low", "f8"),
    ]
)
"""A partial candle but for its sums."""

_VOLUME, _NOTIONAL, _BUY_VOLUME, _SUMS = 0, LIMBS, 2 * LIMBS, 3 * LIMBS
"""Where the limbs of each sum begin, and how many there are."""


@dataclass(frozen=True, slots=True)
class PartialCandle:
    """What a frame adds to one (symbol, second)."""

    symbol: str
    second: int
    open_key: str
    close_key: str
    high: float
    low: float
    trades: int
    volume: list[int]
    """Limbs, the greatest first; so too the next two."""
    notional: list[int]
    buy_volume: list[int]


@njit(cache=True, inline="always")
def _precedes(trades, i, j, id_starts, long_ids):  # type: ignore[no-untyped-def]
    """Whether trade i comes before trade j, by (event time, trade id, price)."""
    a, b = record(trades, i), record(trades, j)
    if a.timestamp != b.timestamp:
        return a.timestamp < b.timestamp
    if a.id_length != b.id_length:
        return a.id_length < b.id_length
    if a.id_length > INLINE_ID_BYTES:
        for k in range(a.id_length):
            x, y = long_ids[id_starts[i] + k], long_ids[id_starts[j] + k]
            if x != y:
                return x < y
    if a.id_high != b.id_high:
        return a.id_high < b.id_high
    if a.id_low != b.id_low:
        return a.id_low < b.id_low
    return a.price < b.price


@njit(cache=True, inline="always")
def _add(limbs, at, value):  # type: ignore[no-untyped-def]
    """Adds a double of 0 and up to the sum in limbs at ``at``; what is below 2**-80 is cut off."""
    top = np.floor(value * _PER_TOP)
    rest = (value - top * _TOP) * _MIDDLE
    middle = np.floor(rest)
    limbs[at] += np.int64(top)
    limbs[at + 1] += np.int64(middle)
    limbs[at + 2] += np.int64((rest - middle) * _LOW)


@njit(cache=True)
def aggregate(trades, symbols, id_starts, long_ids):  # type: ignore[no-untyped-def]
    """The partial candles of some trades.

    Args:
        trades: (n,) of ``udfs.trades.TRADE``.
        symbols: how many symbols their codes name.
        id_starts: (n,) where each one's id begins in ``long_ids``; read of long ids only.
        long_ids: the bytes of the ids longer than INLINE_ID_BYTES, end to end.

    Returns:
        (m,) of PARTIAL, in the order of each one's first trade; and (m, 9) int64, the limbs of
        volume, notional and buy volume, below 2**44 but each first one.
    """
    size = trades.size
    trades, id_starts, long_ids = pointer(trades), pointer(id_starts), pointer(long_ids)
    partials, sums = np.zeros(64, PARTIAL), np.zeros((64, _SUMS), np.int64)
    count = 0
    table = np.full(256, -1, np.int32)
    partial_at, limbs = pointer(partials), pointer(sums)
    # Trades of a symbol come mostly in order: its newest partial is nearly always the one.
    newest = np.full(symbols, -1, np.int32)
    for i in range(size):
        trade = record(trades, i)
        second = trade.timestamp // SECOND_MS * SECOND_MS
        p = newest[trade.symbol]
        if p < 0 or record(partial_at, p).second != second:
            mask = table.size - 1
            slot = _hash(second, trade.symbol) & mask
            p = table[slot]
            while p >= 0 and (partials[p].second != second or partials[p].symbol != trade.symbol):
                slot = (slot + 1) & mask
                p = table[slot]
            if p < 0:
                p = count
                count += 1
                if count > partials.size:
                    grown = np.zeros(2 * partials.size, PARTIAL)
                    grown[: partials.size] = partials
                    partials = grown
                    grown_sums = np.zeros((partials.size, _SUMS), np.int64)
                    grown_sums[: len(sums)] = sums
                    sums = grown_sums
                    partial_at, limbs = pointer(partials), pointer(sums)
                    table = np.full(8 * partials.size, -1, np.int32)
                    for q in range(p):
                        slot = _hash(partials[q].second, partials[q].symbol) & (table.size - 1)
                        while table[slot] >= 0:
                            slot = (slot + 1) & (table.size - 1)
                        table[slot] = q
                    slot = _hash(second, trade.symbol) & (table.size - 1)
                    while table[slot] >= 0:
                        slot = (slot + 1) & (table.size - 1)
                table[slot] = p
                new = partials[p]
                new.second = second
                new.symbol = trade.symbol
                new.open = new.close = i
                new.high = new.low = trade.price
            newest[trade.symbol] = p
        partial = record(partial_at, p)
        partial.trades += 1
        if _precedes(trades, i, partial.open, id_starts, long_ids):
            partial.open = i
        if _precedes(trades, partial.close, i, id_starts, long_ids):
            partial.close = i
        if trade.price > partial.high:
            partial.high = trade.price
        if trade.price < partial.low:
            partial.low = trade.price
        _add(limbs, p * _SUMS + _VOLUME, trade.quantity)
        _add(limbs, p * _SUMS + _NOTIONAL, trade.price * trade.quantity)
        if trade.side == BUY:
            _add(limbs, p * _SUMS + _BUY_VOLUME, trade.quantity)
    for at in range(0, count * _SUMS, LIMBS):
        _carry(limbs, at)
    return partials[:count], sums[:count]


@njit(cache=True, inline="always")
def _hash(second, symbol):  # type: ignore[no-untyped-def]
    return (second // SECOND_MS * 31 + symbol) * 0x9E3779B1 >> 7


@njit(cache=True, inline="always")
def _carry(limbs, at):  # type: ignore[no-untyped-def]
    limbs[at + 1] += limbs[at + 2] >> LIMB_BITS
    limbs[at + 2] &= _LIMB_MASK
    limbs[at] += limbs[at + 1] >> LIMB_BITS
    limbs[at + 1] &= _LIMB_MASK


def _order_keys(
    frame: Frame, places: NDArray[np.int32], id_starts: NDArray[np.int64]
) -> Iterator[str]:
    """The order key of the trade at each place.

    Time, length of the id, id, the price's bits: all at a fixed width; then the price as text.
    """
    trades = frame.trades[places]
    price = np.ascontiguousarray(trades["price"])
    columns = (trades["timestamp"], trades["id_length"], trades["id_high"], trades["id_low"])
    for place, time, length, high, low, bits, value in zip(
        *(c.tolist() for c in (places, *columns, price.view("i8"), price)), strict=True
    ):
        if length > INLINE_ID_BYTES:
            start = int(id_starts[place])
            identifier = frame.long_ids[start : start + length].hex()
        else:
            identifier = f"{high:016x}{low:016x}"
        yield f"{time:015d}{length:02x}{identifier}{bits:016x}{PRICE_MARK}{value!r}"


def partial_candles(frame: Frame) -> list[PartialCandle]:
    """The partial candles of a frame, ready to be merged in SQL."""
    id_starts = long_id_starts(frame)
    long_ids = np.frombuffer(frame.long_ids, np.uint8)
    partials, sums = aggregate(frame.trades, len(frame.symbols), id_starts, long_ids)
    columns = (
        [frame.symbols[code] for code in partials["symbol"].tolist()],
        partials["second"].tolist(),
        _order_keys(frame, partials["open"], id_starts),
        _order_keys(frame, partials["close"], id_starts),
        partials["high"].tolist(),
        partials["low"].tolist(),
        partials["trades"].tolist(),
        *(sums[:, at : at + LIMBS].tolist() for at in (_VOLUME, _NOTIONAL, _BUY_VOLUME)),
    )
    return [PartialCandle(*fields) for fields in zip(*columns, strict=True)]


def warm_up() -> None:
    """Compiles the kernel, or loads it from numba's cache."""
    partial_candles(Frame(0, np.zeros(1, TRADE), ["-"], [], b""))
