"""Frames: the trades of one batch that belong to one shard, packed into one bytes value.

Layout (little-endian): 4 ASCII digits of the shard (which SQL reads as the key), then as int32 the
version, the number of trades, the byte lengths of the parts that follow the trades, and how to read
the trades' columns. The trades are ``udfs.columns`` of ``udfs.trades.TRADE``, about 25 bytes each
instead of 64, with codes into the parts: symbols and exchanges (each a msgpack list), the ids
longer than 16 bytes (of the trades that have one, end to end), and counts by symbol (msgpack).
"""

import dataclasses
from dataclasses import dataclass

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs import columns
from udfs.columns import Packed
from udfs.shards import shard_of
from udfs.texts import Texts
from udfs.trades import INLINE_ID_BYTES, TRADE, Batch, where

VERSION = 3
KEY_BYTES = 4
FIELDS = columns.fields_of(TRADE, "row")
"""What is told of a trade. The row is its place in a batch that is gone."""

_U8, _U56, _BYTE = np.uint64(8), np.uint64(56), np.uint64(0xFF)
_HEADER = np.dtype(
    [
        ("key", f"S{KEY_BYTES}"),
        ("version", "<i4"),
        ("trades", "<i4"),
        ("symbols", "<i4"),
        ("exchanges", "<i4"),
        ("long_ids", "<i4"),
        ("crossed", "<i4"),
        ("columns", columns.COLUMN, len(FIELDS)),
    ]
)


@dataclass(frozen=True, slots=True)
class Frame:
    """The trades of one shard."""

    shard: int
    trades: NDArray[np.void]
    """(n,) of TRADE; the row is 0 in a frame that was unpacked."""
    symbols: list[str]
    exchanges: list[str]
    long_ids: bytes
    """The ids of the trades with ``id_length`` over 16, end to end."""
    crossed: tuple[int, ...] = ()
    """Of each symbol, how many trades came stamped later than their Kafka record; none if empty."""
    columns: Packed | None = None
    """What the trades were unpacked from, as they were then."""
    kept: NDArray[np.bool_] | None = None
    """Which of those the frame still has; all if None."""


def split(batch: Batch, shards: int) -> list[Frame]:
    """The frames of a batch, one for each shard that it has trades of."""
    if not batch.trades.size:
        return []
    of_symbol = np.array([shard_of(symbol, shards) for symbol in batch.symbols], np.int64)
    present, of_symbol = np.unique(of_symbol, return_inverse=True)
    names = [
        [s for s, o in zip(batch.symbols, of_symbol, strict=True) if o == k]
        for k in range(present.size)
    ]
    # A symbol's code inside its shard: how many symbols of the same shard came before it.
    local = np.empty(of_symbol.size, np.int32)
    for k in range(present.size):
        local[of_symbol == k] = np.arange(len(names[k]))
    crossed: list[tuple[int, ...]] = [()] * present.size
    if batch.crossed:
        counts = np.array(batch.crossed)
        crossed = [tuple(counts[of_symbol == k].tolist()) for k in range(present.size)]
    ordered = np.empty_like(batch.trades)
    long_ids = np.empty(batch.ids.size, np.uint8)
    ends, id_ends = _arrange(
        batch.trades, of_symbol, local, batch.ids, present.size, ordered, long_ids
    )
    frames = []
    for k, shard in enumerate(present.tolist()):
        first, id_first = (ends[k - 1], id_ends[k - 1]) if k else (0, 0)
        if ends[k] > first:
            frames.append(
                Frame(
                    shard,
                    ordered[first : ends[k]],
                    names[k],
                    batch.exchanges,
                    long_ids[id_first : id_ends[k]].tobytes(),
                    crossed[k],
                )
            )
    return frames


@njit(cache=True)
def _arrange(trades, of_symbol, local, ids, shards, ordered, long_ids):  # type: ignore[no-untyped-def]
    """A stable counting sort of trades, and of their long ids, by shard; returns both ends."""
    ends = np.zeros(shards + 1, np.int64)
    id_ends = np.zeros(shards + 1, np.int64)
    for i in range(trades.size):
        k = of_symbol[trades[i].symbol]
        ends[k + 1] += 1
        if trades[i].id_length > INLINE_ID_BYTES:
            id_ends[k + 1] += trades[i].id_length
    ends, id_ends = np.cumsum(ends), np.cumsum(id_ends)
    at = 0
    for i in range(trades.size):
        code = trades[i].symbol
        k = of_symbol[code]
        to = ends[k]
        ends[k] = to + 1
        ordered[to] = trades[i]
        ordered[to].symbol = local[code]
        length = trades[i].id_length
        if length > INLINE_ID_BYTES:
            to = id_ends[k]
            id_ends[k] = to + length
            for j in range(length):
                long_ids[to + j] = ids[at + j]
        at += length
    return ends[:shards], id_ends[:shards]


def pack(frame: Frame) -> bytes:
    """The bytes of a frame."""
    symbols = msgspec.msgpack.encode(frame.symbols)
    exchanges = msgspec.msgpack.encode(frame.exchanges)
    crossed = msgspec.msgpack.encode(frame.crossed)
    header = np.zeros((), _HEADER)
    header["columns"], trades = columns.encode(frame.trades, FIELDS)
    header["key"] = b"%04d" % frame.shard
    header["version"] = VERSION
    header["trades"] = frame.trades.size
    header["symbols"] = len(symbols)
    header["exchanges"] = len(exchanges)
    header["long_ids"] = len(frame.long_ids)
    header["crossed"] = len(crossed)
    return b"".join([header.tobytes(), trades.data, symbols, exchanges, frame.long_ids, crossed])


def unpack(data: bytes) -> Frame:
    """The frame of these bytes.

    Raises:
        ValueError: the bytes are not a frame of this version.
    """
    if len(data) < _HEADER.itemsize:
        raise ValueError(f"a frame has at least {_HEADER.itemsize} bytes, got {len(data)}")
    header = np.frombuffer(data, _HEADER, 1)[0]
    if header["version"] != VERSION:
        raise ValueError(f"expected a frame of version {VERSION}, got {header['version']}")
    n = int(header["trades"])
    at = _HEADER.itemsize + columns.bytes_of(header["columns"], n)
    trades = memoryview(data)[_HEADER.itemsize : at]
    parts = []
    for part in ("symbols", "exchanges", "long_ids", "crossed"):
        length = int(header[part])
        parts.append(data[at : at + length])
        at += length
    if at != len(data):
        raise ValueError(f"expected a frame of {at} bytes, got {len(data)}")
    packed = n, header["columns"].tobytes(), trades
    return Frame(
        int(header["key"]),
        columns.unpack(packed, FIELDS, TRADE),
        msgspec.msgpack.decode(parts[0], type=list[str]),
        msgspec.msgpack.decode(parts[1], type=list[str]),
        parts[2],
        msgspec.msgpack.decode(parts[3], type=tuple[int, ...]),
        packed,
    )


def columns_of(frame: Frame) -> tuple[Packed, NDArray[np.bool_] | None]:
    """The trades of a frame as they are written down, with the codes of its symbols.

    Returns:
        The columns of n trades, and which of them, (n,), are the frame's; all if None.
    """
    if frame.columns and 2 * frame.trades.size > frame.columns[0]:
        return frame.columns, frame.kept
    return columns.pack(frame.trades, FIELDS), None


def long_id_starts(frame: Frame) -> NDArray[np.int64]:
    """(n,) where each trade's id begins in the long ids; of meaning for long ids only."""
    if not frame.long_ids:
        return np.zeros(frame.trades.size, np.int64)
    lengths = frame.trades["id_length"].astype(np.int64)
    lengths[lengths <= INLINE_ID_BYTES] = 0
    return np.cumsum(lengths) - lengths


def take(frame: Frame, wanted: NDArray[np.bool_]) -> Frame:
    """The frame with the trades that are wanted, (n,), and no others."""
    long_ids = frame.long_ids
    if long_ids:
        lengths = frame.trades["id_length"]
        is_long = lengths > INLINE_ID_BYTES
        of_wanted = np.repeat(wanted[is_long], lengths[is_long])
        long_ids = np.frombuffer(long_ids, np.uint8)[of_wanted].tobytes()
    kept = None
    if frame.columns:
        kept = np.ones(frame.columns[0], np.bool_) if frame.kept is None else frame.kept.copy()
        kept[kept] = wanted
    trades = where(frame.trades, wanted)
    return dataclasses.replace(frame, trades=trades, long_ids=long_ids, kept=kept)


def trade_ids(frame: Frame) -> list[str | None]:
    """The id of each trade, whole; None where it has none."""
    return [text.decode() or None for text in id_texts(frame, np.arange(frame.trades.size))]


def id_texts(frame: Frame, places: NDArray[np.intp]) -> Texts:
    """The ids of the trades at these places, (m,), whole; empty where there is none."""
    ends = np.zeros(places.size + 1, np.int64)
    np.cumsum(frame.trades["id_length"][places], out=ends[1:])
    out, long_ids = np.empty(ends[-1], np.uint8), np.frombuffer(frame.long_ids, np.uint8)
    _write_ids(frame.trades, places, long_id_starts(frame), long_ids, ends, out)
    return Texts(out, ends)


@njit(cache=True)
def _write_ids(trades, places, id_starts, long_ids, ends, out):  # type: ignore[no-untyped-def]
    for n in range(places.size):
        trade = trades[places[n]]
        if trade.id_length > INLINE_ID_BYTES:
            begin = id_starts[places[n]]
            for k in range(ends[n + 1] - ends[n]):
                out[ends[n] + k] = long_ids[begin + k]
            continue
        high, low = trade.id_high, trade.id_low
        # Right-aligned: the last character is the lowest byte.
        for at in range(ends[n + 1] - 1, ends[n] - 1, -1):
            out[at] = low & _BYTE
            low = (low >> _U8) | (high << _U56)
            high >>= _U8


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    for frame in split(Batch(np.zeros(1, TRADE), ["-"], [], np.zeros(0, np.uint8)), 1):
        id_texts(unpack(pack(frame)), np.zeros(1, np.intp))
