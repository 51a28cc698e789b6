"""Checksums of whole batches: FIX's CheckSum, and CRC32 (IEEE 802.3, as zlib has it)."""

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from udfs.buffers import buffers_of
from udfs.words import WORD_BYTES, load, pointer

TRAILER_BYTES = 7
"""The trailer of a FIX message: ``10=xxx`` and its SOH."""

_SOH, _EQUALS, _ZERO, _ONE = 1, 61, 48, 49
_POLYNOMIAL = 0xEDB88320  # of CRC32, its bits reversed
_BYTE, _ALL = np.uint64(0xFF), np.uint64(0xFFFFFFFF)
_U8, _U16, _U24, _U32 = np.uint64(8), np.uint64(16), np.uint64(24), np.uint64(32)
_U40, _U48, _U56 = np.uint64(40), np.uint64(48), np.uint64(56)


def _crc_tables() -> NDArray[np.uint64]:
    """(8, 256): what a byte changes, with 0 to 7 more bytes after it.

    M. Kounavis and F. Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC
    Generation" (2008), known as slicing by 8.
    """
    tables = np.arange(256, dtype=np.uint64)[np.newaxis].repeat(WORD_BYTES, axis=0)
    for table in range(WORD_BYTES):
        crc = tables[table - 1].copy() if table else tables[0].copy()
        for _ in range(8):
            crc = np.where(crc & 1, (crc >> 1) ^ _POLYNOMIAL, crc >> 1).astype(np.uint64)
        tables[table] = crc
    return tables


_CRC = _crc_tables()


@njit(cache=True, inline="always")
def sum_of(text, start, end):  # type: ignore[no-untyped-def]
    """The sum of the bytes of a pointer from start to end, modulo 256."""
    total = np.uint64(0)
    for i in range(start, end):
        total += np.uint64(text[i])
    return np.int64(total & _BYTE)


@njit(cache=True)
def _fix_checksums(data, places, out):  # type: ignore[no-untyped-def]
    text = pointer(data)
    for i in range(out.size):
        start, end = np.int64(places[i]), np.int64(places[i + 1])
        at = end - TRAILER_BYTES
        if (
            at >= start
            and text[at] == _ONE
            and text[at + 1] == _ZERO
            and text[at + 2] == _EQUALS
            and text[end - 1] == _SOH
            and (at == start or text[at - 1] == _SOH)
        ):
            end = at
        out[i] = sum_of(text, start, end)


@njit(cache=True)
def _crc32s(data, places, out):  # type: ignore[no-untyped-def]
    text, tables = pointer(data), pointer(_CRC)
    for i in range(out.size):
        at, end = np.int64(places[i]), np.int64(places[i + 1])
        crc = _ALL
        while at + WORD_BYTES <= end:
            w = load(text, at) ^ crc
            crc = (
                tables[np.int64(7 * 256 + (w & _BYTE))]
                ^ tables[np.int64(6 * 256 + ((w >> _U8) & _BYTE))]
                ^ tables[np.int64(5 * 256 + ((w >> _U16) & _BYTE))]
                ^ tables[np.int64(4 * 256 + ((w >> _U24) & _BYTE))]
                ^ tables[np.int64(3 * 256 + ((w >> _U32) & _BYTE))]
                ^ tables[np.int64(2 * 256 + ((w >> _U40) & _BYTE))]
                ^ tables[np.int64(1 * 256 + ((w >> _U48) & _BYTE))]
                ^ tables[np.int64(w >> _U56)]
            )
            at += WORD_BYTES
        while at < end:
            crc = (crc >> _U8) ^ tables[np.int64((crc ^ np.uint64(text[at])) & _BYTE)]
            at += 1
        out[i] = crc ^ _ALL


def fix_checksums(messages: pa.BinaryArray) -> NDArray[np.uint8]:
    """(n,) the CheckSum (10) that each FIX message should have: the sum of its bytes modulo 256.

    A trailer ``10=xxx`` at the end of a message is left out, as FIX has it; null counts as empty.
    Whether a message has the sum that it says is for ``udfs.fix`` to judge.
    """
    out = np.empty(len(messages), np.uint8)
    _fix_checksums(*buffers_of(messages), out)
    return out


def crc32s(values: pa.BinaryArray) -> NDArray[np.uint32]:
    """(n,) the CRC32 of each value, as ``zlib.crc32`` has it; null counts as empty."""
    out = np.empty(len(values), np.uint32)
    _crc32s(*buffers_of(values), out)
    return out


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    nothing = pa.array([b"-"])
    fix_checksums(nothing)
    crc32s(nothing)
