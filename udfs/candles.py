"""Candles: what some trades come to, made so that candles merge.

Candles merge by minimum, maximum and integer sums, so one is the same however its trades are cut
into frames, in whatever order they come:

- *Open and close* are the prices of the first and the last trade by (event time, trade id, price).
  Of two ids the longer is the greater, so that digits compare as numbers.
- *Sums* are exact: see ``udfs.sums``.
"""

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs import columns
from udfs.forms import Chosen, Form, chosen
from udfs.frames import Frame, long_id_starts
from udfs.index import find, index_of
from udfs.intervals import INTERVALS, SECOND_MS
from udfs.messages import Messages
from udfs.scanner import BUY, MAX_TRADE_ID_LENGTH
from udfs.sums import LIMBS, add, carry, limbs, totals
from udfs.trades import INLINE_ID_BYTES, TRADE
from udfs.words import pointer, record

LENGTHS_MS = np.array(list(INTERVALS.values()))
"""(8,) of every interval."""

FINAL, TOUCHED, AMENDED = np.uint8(1), np.uint8(2), np.uint8(4)
"""Flags of a candle: its window is closed; it changed since it was last published; it was corrected
since the correlations were last told (``Windows.amended``)."""

_SUMS = ("volume", "notional", "buy_volume", "prices")
CANDLE = np.dtype(
    [
        ("start", "i8"),  # of its window, ms since epoch
        ("symbol", "i4"),
        ("interval", "u1"),  # place in INTERVALS
        ("flags", "u1"),
        ("open_length", "u1"),  # bytes of the first trade's id
        ("close_length", "u1"),
        ("open_time", "i8"),
        ("open_high", "u8"),  # the last 16 bytes of its id
        ("open_low", "u8"),
        ("open", "f8"),
        ("close_time", "i8"),
        ("close_high", "u8"),
        ("close_low", "u8"),
        ("close", "f8"),
        ("high", "f8"),
        ("low", "f8"),
        ("trades", "i8"),
        ("revision", "i8"),
        *limbs(*_SUMS),
    ]
)
"""A candle, 200 bytes; each sum as limbs, the greatest first."""

WORDS = CANDLE.itemsize // 8
VOLUME, NOTIONAL, BUY_VOLUME, PRICES = range(WORDS - len(_SUMS) * LIMBS, WORDS, LIMBS)
"""At which word of a candle the limbs of each sum begin."""
_FIELDS = columns.fields_of(CANDLE)


@dataclass(slots=True)
class Candles:
    """Some candles of some symbols, and the ids that do not fit into them."""

    rows: NDArray[np.void]
    """(n,) of CANDLE."""
    ids: NDArray[np.uint8]
    """(n, 2, 64): the ids of the first and the last trades that are longer than 16 bytes; (0, 2,
    64) if there is no such."""

    def take(self, places: NDArray[np.intp] | slice) -> "Candles":
        """Those at these places."""
        rows = self.rows[places] if isinstance(places, slice) else self.rows.take(places)
        return Candles(rows, self.ids[places] if self.ids.size else self.ids)


NO_IDS = np.zeros((0, 2, MAX_TRADE_ID_LENGTH), np.uint8)


def concatenated(parts: list[Candles]) -> Candles:
    """All candles of some, one after another."""
    rows = columns.joined([part.rows for part in parts])
    if not any(part.ids.size for part in parts):
        return Candles(rows, NO_IDS)
    ids = np.zeros((rows.size, *NO_IDS.shape[1:]), np.uint8)
    at = 0
    for part in parts:
        ids[at : at + len(part.ids)] = part.ids
        at += part.rows.size
    return Candles(rows, ids)


@njit(cache=True, inline="always")
def _is_before(time, length, high, low, price, other_time, other_length, other_high, other_low, other_price, ids, at, other_ids, other_at):  # type: ignore[no-untyped-def]  # fmt: skip  # noqa: E501
    """Whether one trade comes before another; long ids are compared from ``ids[at]`` on."""
    if time != other_time:
        return time < other_time
    if length != other_length:
        return length < other_length
    if length > INLINE_ID_BYTES:
        for k in range(length):
            x, y = ids[at + k], other_ids[other_at + k]
            if x != y:
                return x < y
    if high != other_high:
        return high < other_high
    if low != other_low:
        return low < other_low
    return price < other_price


@njit(cache=True)
def _of_trades(trades, symbols, id_starts, long_ids):  # type: ignore[no-untyped-def]
    """Candles of one second, in the order of each one's first trade; and whether ids are long.

    The places of the first and last trade stand where the ids will: in open_high, close_high.
    """
    size = trades.size
    trades, id_starts, long_ids = pointer(trades), pointer(id_starts), pointer(long_ids)
    candles = np.zeros(64, CANDLE)
    count = 0
    index = index_of(candles, 0)
    candle_at, words = pointer(candles), pointer(candles.view(np.int64))
    # Trades of a symbol come mostly in order: its newest candle is nearly always the one.
    newest = np.full(symbols, -1, np.int32)
    for i in range(size):
        trade = record(trades, i)
        start = trade.timestamp // SECOND_MS * SECOND_MS
        p = newest[trade.symbol]
        if p < 0 or record(candle_at, p).start != start:
            slot = find(candle_at, index, trade.symbol, 0, start)
            p = index[slot]
            if p < 0:
                p = count
                count += 1
                if count > candles.size:
                    grown = np.zeros(2 * candles.size, CANDLE)
                    grown[: candles.size] = candles
                    candles = grown
                    candle_at, words = pointer(candles), pointer(candles.view(np.int64))
                    index = index_of(candles, p)
                    slot = find(candle_at, index, trade.symbol, 0, start)
                index[slot] = p
                new = candles[p]
                new.start = start
                new.symbol = trade.symbol
                new.open_high = new.close_high = i
                new.high = new.low = trade.price
            newest[trade.symbol] = p
        candle = record(candle_at, p)
        candle.trades += 1
        j = np.int64(candle.open_high)
        if j != i:
            first = record(trades, j)
            if _is_before(
                trade.timestamp, trade.id_length, trade.id_high, trade.id_low, trade.price,
                first.timestamp, first.id_length, first.id_high, first.id_low, first.price,
                long_ids, id_starts[i], long_ids, id_starts[j],
            ):  # fmt: skip
                candle.open_high = i
            j = np.int64(candle.close_high)
            last = record(trades, j)
            if _is_before(
                last.timestamp, last.id_length, last.id_high, last.id_low, last.price,
                trade.timestamp, trade.id_length, trade.id_high, trade.id_low, trade.price,
                long_ids, id_starts[j], long_ids, id_starts[i],
            ):  # fmt: skip
                candle.close_high = i
        if trade.price > candle.high:
            candle.high = trade.price
        if trade.price < candle.low:
            candle.low = trade.price
        add(words, p * WORDS + VOLUME, trade.quantity)
        add(words, p * WORDS + NOTIONAL, trade.price * trade.quantity)
        if trade.side == BUY:
            add(words, p * WORDS + BUY_VOLUME, trade.quantity)
        add(words, p * WORDS + PRICES, trade.price)
    some_long = False
    for p in range(count):
        for at in range(VOLUME, WORDS, LIMBS):
            carry(words, p * WORDS + at)
        candle = record(candle_at, p)
        first, last = record(trades, candle.open_high), record(trades, candle.close_high)
        longest = max(first.id_length, last.id_length)
        some_long = some_long or longest > INLINE_ID_BYTES
    return candles[:count], some_long


@njit(cache=True)
def _name_ends(candles, trades, id_starts, long_ids, ids):  # type: ignore[no-untyped-def]
    """Puts the first and last trades where their places stood; long ids into ``ids``, if any."""
    for p in range(candles.size):
        candle = candles[p]
        i, j = candle.open_high, candle.close_high
        if ids.shape[0]:
            for k in range(trades[i].id_length if trades[i].id_length > INLINE_ID_BYTES else 0):
                ids[p, 0, k] = long_ids[id_starts[i] + k]
            for k in range(trades[j].id_length if trades[j].id_length > INLINE_ID_BYTES else 0):
                ids[p, 1, k] = long_ids[id_starts[j] + k]
        candle.open_time, candle.close_time = trades[i].timestamp, trades[j].timestamp
        candle.open_length, candle.close_length = trades[i].id_length, trades[j].id_length
        candle.open_high, candle.close_high = trades[i].id_high, trades[j].id_high
        candle.open_low, candle.close_low = trades[i].id_low, trades[j].id_low
        candle.open, candle.close = trades[i].price, trades[j].price


def of_frame(frame: Frame) -> Candles:
    """The candles of one second of a frame's trades; symbols are those of the frame."""
    id_starts = long_id_starts(frame)
    long_ids = np.frombuffer(frame.long_ids, np.uint8)
    rows, some_long = _of_trades(frame.trades, len(frame.symbols), id_starts, long_ids)
    ids = np.zeros((rows.size, 2, MAX_TRADE_ID_LENGTH), np.uint8) if some_long else NO_IDS
    _name_ends(rows, frame.trades, id_starts, long_ids, ids)
    return Candles(rows, ids)


@njit(cache=True, inline="always")
def merge(into, words, ids, at, other, other_words, other_ids, other_at):  # type: ignore[no-untyped-def]
    """Adds candle ``other_at`` of pointer ``other`` to candle ``at`` of pointer ``into``.

    Words are pointers to the candles as int64, ids to their long ids, read of long ids only.
    """
    a, b = record(into, at), record(other, other_at)
    a.trades += b.trades
    if b.high > a.high:
        a.high = b.high
    if b.low < a.low:
        a.low = b.low
    here, there = at * 2 * MAX_TRADE_ID_LENGTH, other_at * 2 * MAX_TRADE_ID_LENGTH
    if _is_before(
        b.open_time, b.open_length, b.open_high, b.open_low, b.open,
        a.open_time, a.open_length, a.open_high, a.open_low, a.open,
        other_ids, there, ids, here,
    ):  # fmt: skip
        a.open_time, a.open_length, a.open = b.open_time, b.open_length, b.open
        a.open_high, a.open_low = b.open_high, b.open_low
        if b.open_length > INLINE_ID_BYTES:
            for k in range(b.open_length):
                ids[here + k] = other_ids[there + k]
    here, there = here + MAX_TRADE_ID_LENGTH, there + MAX_TRADE_ID_LENGTH
    if _is_before(
        a.close_time, a.close_length, a.close_high, a.close_low, a.close,
        b.close_time, b.close_length, b.close_high, b.close_low, b.close,
        ids, here, other_ids, there,
    ):  # fmt: skip
        a.close_time, a.close_length, a.close = b.close_time, b.close_length, b.close
        a.close_high, a.close_low = b.close_high, b.close_low
        if b.close_length > INLINE_ID_BYTES:
            for k in range(b.close_length):
                ids[here + k] = other_ids[there + k]
    here, there = at * WORDS + VOLUME, other_at * WORDS + VOLUME
    for k in range(WORDS - VOLUME):
        words[here + k] += other_words[there + k]
    for k in range(0, WORDS - VOLUME, LIMBS):
        carry(words, here + k)


class _Key(msgspec.Struct, frozen=True, gc=False):
    """The key of a candle's message."""

    symbol: str
    interval: str


class Candle(msgspec.Struct, frozen=True, gc=False):
    """A candle as its topic has it."""

    symbol: str
    interval: str
    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    notional: float
    vwap: float
    trades: int
    buy_volume: float
    final: bool
    revision: int
    updated_at: int


_FORM, _KEY = Form(Candle), Form(_Key)
_NAMES = list(INTERVALS)


def ends_of(rows: NDArray[np.void]) -> NDArray[np.int64]:
    """(n,) when the windows of candles, or flows, end, ms since epoch."""
    ends: NDArray[np.int64] = rows["start"] + LENGTHS_MS[rows["interval"]]
    return ends


def window_of(rows: NDArray[np.void]) -> dict[str, Any]:
    """The columns interval, start and end of their messages."""
    interval = Chosen(_NAMES, rows["interval"])
    return {"interval": interval, "start": rows["start"], "end": ends_of(rows)}


def messages(rows: NDArray[np.void], symbols: list[str], now_ms: int | None) -> Messages:
    """The message of each candle, updated now; at its window's end if None."""
    volume, notional = totals(rows, VOLUME), totals(rows, NOTIONAL)
    of_symbols, window = chosen(symbols, rows["symbol"]), window_of(rows)
    values = _FORM.write(
        rows.size,
        symbol=of_symbols,
        **window,
        open=rows["open"],
        high=rows["high"],
        low=rows["low"],
        close=rows["close"],
        volume=volume,
        notional=notional,
        vwap=notional / volume,
        trades=rows["trades"],
        buy_volume=totals(rows, BUY_VOLUME),
        final=Chosen([False, True], rows["flags"] & FINAL),
        revision=rows["revision"],
        updated_at=window["end"] if now_ms is None else now_ms,
    )
    keys = _KEY.write(rows.size, symbol=of_symbols, interval=window["interval"])
    return Messages(keys, np.arange(rows.size), values)


class _Packed(msgspec.Struct, array_like=True):
    rows: columns.Packed
    ids: bytes


_packer = msgspec.msgpack.Encoder()
_unpacker = msgspec.msgpack.Decoder(_Packed)


def _is_id_byte(rows: NDArray[np.void]) -> NDArray[np.bool_]:
    """(n, 2, 64) which bytes of the ids belong to long ids."""
    lengths = np.stack([rows["open_length"], rows["close_length"]], axis=1)
    lengths[lengths <= INLINE_ID_BYTES] = 0
    belongs: NDArray[np.bool_] = np.arange(MAX_TRADE_ID_LENGTH) < lengths[:, :, np.newaxis]
    return belongs


def pack(candles: Candles) -> bytes:
    """The bytes of some candles."""
    ids = candles.ids[_is_id_byte(candles.rows)].tobytes() if candles.ids.size else b""
    return _packer.encode(_Packed(columns.pack(candles.rows, _FIELDS), ids))


def unpack(data: bytes) -> Candles:
    """The candles of these bytes."""
    packed = _unpacker.decode(data)
    rows = columns.unpack(packed.rows, _FIELDS, CANDLE)
    ids = NO_IDS
    if packed.ids:
        ids = np.zeros((rows.size, 2, MAX_TRADE_ID_LENGTH), np.uint8)
        ids[_is_id_byte(rows)] = np.frombuffer(packed.ids, np.uint8)
    return Candles(rows, ids)


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    some = of_frame(Frame(0, np.ones(1, TRADE), ["-", "-"], [], b""))
    messages(unpack(pack(some)).rows, ["-", "-"], None)
