"""Fingerprints: the bits that stand for a trade, by which a second copy of it is found.

That of a trade with an id is a hash of (exchange, symbol, trade_id), whatever else the trade says;
that of one without is a hash of its whole content. Of the hash's 128 bits 90 are kept: a trade is
taken for a copy of one of a billion others of its symbol's cell with a chance of 2**-60.
"""

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.frames import Frame, long_id_starts
from udfs.intervals import MINUTE_MS
from udfs.shards import cell_of
from udfs.table import CELL_SHIFT, MINUTE, in_cell
from udfs.trades import INLINE_ID_BYTES, TRADE

FINGERPRINT = np.dtype([("high", "u8"), ("low", "u8")])
"""The cell of the trade's symbol (see ``table.cells``), 90 bits of hash, and the minute of the
trade, counted from 1970, in the last bits of ``low``."""

_C1, _C2 = np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F)
_U5, _U8 = np.uint64(5), np.uint64(8)
_N1, _N2 = np.uint64(0x52DCE729), np.uint64(0x38495AB5)
_F1, _F2, _U33 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(33)


@njit(cache=True, inline="always")
def _rotated(x, left):  # type: ignore[no-untyped-def]
    return (x << np.uint64(left)) | (x >> np.uint64(64 - left))


@njit(cache=True, inline="always")
def _finished(x):  # type: ignore[no-untyped-def]
    x ^= x >> _U33
    x *= _F1
    x ^= x >> _U33
    x *= _F2
    return x ^ (x >> _U33)


@njit(cache=True, inline="always")
def absorb(high, low, x, y):  # type: ignore[no-untyped-def]
    """One block of 16 bytes, as two words, into a hash: MurmurHash3_x64_128's body."""
    high ^= _rotated(x * _C1, 31) * _C2
    high = (_rotated(high, 27) + low) * _U5 + _N1
    low ^= _rotated(y * _C2, 33) * _C1
    low = (_rotated(low, 31) + high) * _U5 + _N2
    return high, low


@njit(cache=True, inline="always")
def finish(high, low, size):  # type: ignore[no-untyped-def]
    """The hash of so many bytes: MurmurHash3_x64_128's end (A. Appleby, 2011; public domain)."""
    high ^= np.uint64(size)
    low ^= np.uint64(size)
    high += low
    low += high
    high, low = _finished(high), _finished(low)
    high += low
    low += high
    return high, low


@njit(cache=True)
def _of_trades(trades, prices, quantities, names, id_starts, long_ids, out):  # type: ignore[no-untyped-def]  # fmt: skip
    for i in range(trades.size):
        trade = trades[i]
        high = name = names[trade.symbol, trade.exchange + 1, 0]
        low = names[trade.symbol, trade.exchange + 1, 1]
        length = np.int64(trade.id_length)
        if not length:
            high, low = absorb(high, low, np.uint64(trade.timestamp), np.uint64(trade.side))
            high, low = absorb(high, low, prices[i], quantities[i])
        elif length <= INLINE_ID_BYTES:
            high, low = absorb(high, low, trade.id_high, trade.id_low)
        else:
            at, end = id_starts[i], id_starts[i] + length
            while at < end:
                x = y = np.uint64(0)
                for k in range(at, min(at + 8, end)):
                    x = (x << _U8) | np.uint64(long_ids[k])
                for k in range(at + 8, min(at + 16, end)):
                    y = (y << _U8) | np.uint64(long_ids[k])
                high, low = absorb(high, low, x, y)
                at += 16
        high, low = finish(high, low, length)
        out[i].high = in_cell(high, name)
        out[i].low = (low & ~MINUTE) | np.uint64(trade.timestamp // MINUTE_MS)


@lru_cache(1 << 16)
def _name_hash(symbol: str, exchange: str | None) -> bytes:
    digest = blake2b(repr((symbol, exchange)).encode(), digest_size=16).digest()
    high = int.from_bytes(digest[:8], "little") % (1 << CELL_SHIFT)
    return (cell_of(symbol) << CELL_SHIFT | high).to_bytes(8, "little") + digest[8:]


def names_of(symbols: list[str], exchanges: list[str]) -> NDArray[np.uint64]:
    """(symbols, 1 + exchanges, 2): the hash of each symbol on each exchange; first, on none.

    The first bits of each are the symbol's cell.
    """
    hashes = b"".join(_name_hash(each, where) for each in symbols for where in [None, *exchanges])
    return np.frombuffer(hashes, np.uint64).reshape(len(symbols), 1 + len(exchanges), 2)


def of_frame(frame: Frame, names: NDArray[np.uint64]) -> NDArray[np.void]:
    """(n,) of FINGERPRINT: those of a frame's trades; ``names`` are those of the frame."""
    out = np.empty(frame.trades.size, FINGERPRINT)
    _of_trades(
        frame.trades,
        np.ascontiguousarray(frame.trades["price"]).view(np.uint64),
        np.ascontiguousarray(frame.trades["quantity"]).view(np.uint64),
        names,
        long_id_starts(frame),
        np.frombuffer(frame.long_ids, np.uint8),
        out,
    )
    return out


def warm_up() -> None:
    """Compiles the kernel, or loads it from numba's cache."""
    of_frame(Frame(0, np.zeros(1, TRADE), ["-"], [], b""), names_of(["-"], []))
