"""Records as columns of few bytes: each value as its distance from its column's least.

A column takes 0, 1, 2, 4 or 8 bytes a value, whatever the span of its values needs (this is known
as frame of reference). Doubles that are decimals, as prices are, are taken as integers of the last
digit: 101.25 as 10125. Nothing is lost: where that does not give the very same doubles back, their
bits are stored.

Records are seen as rows of 64-bit words. No field may cross a word.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

COLUMN = np.dtype(
    [
        ("least", "u8"),
        ("width", "i4"),  # bytes a value: 0, 1, 2, 4 or 8
        ("decimals", "i4"),  # of doubles taken as integers; -1: not so
    ]
)
"""What it takes to read a column back."""

_POWERS = 10.0 ** np.arange(9)
_LARGEST_SCALED = 2.0**50
"""Below it, rounding a double times a power of ten finds the decimal that it is nearest to."""
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_BLOCK = 256
"""So many records stay in the fastest cache while their columns are made, one after another."""


def fields_of(records: np.dtype[np.void], *left_out: str) -> NDArray[np.int64]:
    """Where the fields of a record stand: (fields, 4) of word, shift in bits, bits, is a double."""
    places = []
    for name in records.names or ():
        kind, at = records.fields[name][:2]  # type: ignore[index]
        word, byte = divmod(at, 8)
        if byte + kind.itemsize > 8 or kind.kind not in "iuf" or kind == np.float32:
            raise ValueError(f"no column can be made of {name} ({kind} at {at})")
        if name not in left_out:
            places.append((word, 8 * byte, 8 * kind.itemsize, int(kind.kind == "f")))
    return np.array(places, np.int64)


def joined(parts: Sequence[NDArray[np.void]]) -> NDArray[np.void]:
    """Records one after another, of one type. ``np.concatenate`` copies them field by field."""
    kind = parts[0].dtype
    whole = [np.ascontiguousarray(part).view(f"V{kind.itemsize}") for part in parts]
    joined: NDArray[np.void] = np.concatenate(whole).view(kind)
    return joined


def encode(
    records: NDArray[np.void], fields: NDArray[np.int64]
) -> tuple[NDArray[np.void], NDArray[np.uint8]]:
    """Records -> COLUMN of each field, and the bytes of all, end to end, each padded to 8."""
    words = np.ascontiguousarray(records).view("u8").reshape(records.size, records.itemsize // 8)
    columns = np.zeros(len(fields), COLUMN)
    out = np.empty(len(fields) * (8 * records.size + 8), np.uint8)
    return columns, out[: _encode(words, fields, columns, out)]


def bytes_of(columns: NDArray[np.void], size: int) -> int:
    """How many bytes the columns of so many records take."""
    widths = columns["width"].astype(np.int64)
    return int((-(-widths * size // 8) * 8).sum())


def decode(
    columns: NDArray[np.void],
    data: NDArray[np.uint8],
    size: int,
    fields: NDArray[np.int64],
    records: np.dtype[np.void],
) -> NDArray[np.void]:
    """What ``encode`` was given: (size,) of records; a field left out is 0.

    Raises:
        ValueError: the bytes are fewer or more than the columns need.
    """
    if bytes_of(columns, size) != data.size:
        raise ValueError(f"{size} records do not have {data.size} bytes")
    words = np.empty((size, records.itemsize // 8), np.uint64)
    _decode(columns, data, fields, words)
    return words.view(records).ravel()


Packed = tuple[int, bytes, memoryview]
"""How many records, and the bytes of their COLUMNs and of the columns themselves."""
NOTHING: Packed = (0, b"", memoryview(b""))


def pack(records: NDArray[np.void], fields: NDArray[np.int64]) -> Packed:
    """Records as they are written down."""
    columns, data = encode(records, fields)
    return records.size, columns.tobytes(), data.data.toreadonly()


def unpack(
    packed: Packed, fields: NDArray[np.int64], records: np.dtype[np.void]
) -> NDArray[np.void]:
    """What ``pack`` was given."""
    size, columns, data = packed
    if not size:
        return np.zeros(0, records)
    return decode(
        np.frombuffer(columns, COLUMN), np.frombuffer(data, np.uint8), size, fields, records
    )


def array(data: bytes, dtype: np.dtype[Any]) -> NDArray[Any]:
    """(n,) of what these bytes are, as they are."""
    # A copy, because a kernel would be compiled anew for what must not be written to.
    return np.frombuffer(data, dtype).copy()


@njit(cache=True, inline="always")
def _are_decimal(values, power):  # type: ignore[no-untyped-def]
    """Whether these times a power of ten are integers that give the very same doubles back."""
    are_decimal = True
    for i in range(len(values)):
        scaled = np.rint(values[i] * power)
        are_decimal &= (np.abs(scaled) < _LARGEST_SCALED) & (scaled / power == values[i])
    return are_decimal


@njit(cache=True, inline="always")
def _have_negative_zero(values):  # type: ignore[no-untyped-def]
    have = False
    for i in range(len(values)):
        have |= (values[i] == 0) & np.signbit(values[i])
    return have


@njit(cache=True, inline="always")
def _gather(words, word, shift, mask, out):  # type: ignore[no-untyped-def]
    for i in range(len(words)):
        out[i] = (words[i, word] >> shift) & mask


@njit(cache=True, inline="always")
def _scale(doubles, power, out):  # type: ignore[no-untyped-def]
    for i in range(len(doubles)):
        out[i] = np.uint64(np.int64(np.rint(doubles[i] * power)))


@njit(cache=True, inline="always")
def _shift_down(values, least, out):  # type: ignore[no-untyped-def]
    for i in range(len(values)):
        out[i] = values[i] - least


@njit(cache=True, inline="always")
def _shift_up(distances, least, out):  # type: ignore[no-untyped-def]
    for i in range(len(distances)):
        out[i] = least + distances[i]


@njit(cache=True)
def _measure(words, fields, columns, most):  # type: ignore[no-untyped-def]
    """Finds of each column the decimals, and its least and greatest value, as they are stored."""
    values = np.empty(_BLOCK, np.uint64)
    decimals = columns["decimals"]
    least_double, most_double = np.empty(len(fields)), np.empty(len(fields))
    for begin in range(0, len(words), _BLOCK):
        block = words[begin : begin + _BLOCK]
        some = values[: len(block)]
        doubles = some.view(np.float64)
        for f in range(len(fields)):
            word, shift, bits, is_double = fields[f]
            _gather(block, word, np.uint64(shift), _ALL >> np.uint64(64 - bits), some)
            least_value, most_value = some[0], some[0]
            for i in range(len(some)):
                least_value, most_value = min(least_value, some[i]), max(most_value, some[i])
            if begin == 0:
                decimals[f] = 0 if is_double else -1
                columns[f].least, most[f] = least_value, most_value
            else:
                columns[f].least = min(columns[f].least, least_value)
                most[f] = max(most[f], most_value)
            if decimals[f] < 0:
                continue
            if _have_negative_zero(doubles):
                decimals[f] = -1
                continue
            while decimals[f] >= 0 and not _are_decimal(doubles, _POWERS[decimals[f]]):
                decimals[f] += 1
                if decimals[f] == len(_POWERS):
                    decimals[f] = -1
            least_of, most_of = doubles[0], doubles[0]
            for i in range(len(doubles)):
                least_of, most_of = min(least_of, doubles[i]), max(most_of, doubles[i])
            if begin == 0:
                least_double[f], most_double[f] = least_of, most_of
            else:
                least_double[f] = min(least_double[f], least_of)
                most_double[f] = max(most_double[f], most_of)
    for f in range(len(fields)):
        if decimals[f] < 0:
            continue
        # A large value may have passed with fewer decimals, and be too large with those of a later
        # one.
        power = _POWERS[decimals[f]]
        least_of, most_of = np.rint(least_double[f] * power), np.rint(most_double[f] * power)
        if max(np.abs(least_of), np.abs(most_of)) < _LARGEST_SCALED:
            columns[f].least, most[f] = np.uint64(np.int64(least_of)), np.uint64(np.int64(most_of))
        else:
            decimals[f] = -1


@njit(cache=True)
def _encode(words, fields, columns, out):  # type: ignore[no-untyped-def]
    size = len(words)
    if size == 0:
        return 0
    most = np.empty(len(fields), np.uint64)
    _measure(words, fields, columns, most)
    begins = np.empty(len(fields), np.int64)
    at = 0
    for f in range(len(fields)):
        span = most[f] - columns[f].least
        width = 0
        if span > 0:
            width = 1 if span < 1 << 8 else 2 if span < 1 << 16 else 4 if span < 1 << 32 else 8
        columns[f].width = width
        begins[f] = at
        end = at + width * size
        at = (end + 7) // 8 * 8
        out[end:at] = 0
    values = np.empty(_BLOCK, np.uint64)
    for begin in range(0, size, _BLOCK):
        block = words[begin : begin + _BLOCK]
        some = values[: len(block)]
        for f in range(len(fields)):
            word, shift, bits, _ = fields[f]
            least, width, decimals = columns[f].least, columns[f].width, columns[f].decimals
            if width == 0:
                continue
            _gather(block, word, np.uint64(shift), _ALL >> np.uint64(64 - bits), some)
            if decimals >= 0:
                _scale(some.view(np.float64), _POWERS[decimals], some)
            place = begins[f] + width * begin
            into = out[place : place + width * len(block)]
            if width == 1:
                _shift_down(some, least, into)
            elif width == 2:
                _shift_down(some, least, into.view(np.uint16))
            elif width == 4:
                _shift_down(some, least, into.view(np.uint32))
            else:
                _shift_down(some, least, into.view(np.uint64))
    return at


@njit(cache=True)
def _decode(columns, data, fields, words):  # type: ignore[no-untyped-def]
    size = len(words)
    values = np.empty(_BLOCK, np.uint64)
    for begin in range(0, size, _BLOCK):
        block = words[begin : begin + _BLOCK]
        some = values[: len(block)]
        block[:] = 0
        at = 0
        for f in range(len(fields)):
            word, shift, _, _ = fields[f]
            least, width, decimals = columns[f].least, columns[f].width, columns[f].decimals
            place = at + width * begin
            part = data[place : place + width * len(block)]
            at += (width * size + 7) // 8 * 8
            if width == 0:
                some[:] = least
            elif width == 1:
                _shift_up(part, least, some)
            elif width == 2:
                _shift_up(part.view(np.uint16), least, some)
            elif width == 4:
                _shift_up(part.view(np.uint32), least, some)
            else:
                _shift_up(part.view(np.uint64), least, some)
            if decimals >= 0:
                power = _POWERS[decimals]
                doubles = some.view(np.float64)
                for i in range(len(some)):
                    doubles[i] = np.int64(some[i]) / power
            if width == 0 and least == 0:
                continue
            for i in range(len(block)):
                block[i, word] |= some[i] << np.uint64(shift)
