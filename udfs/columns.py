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
    return columns, out[: _encode(words, words.view("f8"), fields, columns, out)]


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
    words = np.zeros((size, records.itemsize // 8), np.uint64)
    _decode(columns, data, fields, words, words.view("f8"))
    return words.view(records).ravel()


Packed = tuple[int, bytes, bytes]
"""How many records, and the bytes of their COLUMNs and of the columns themselves."""
NOTHING: Packed = (0, b"", b"")


def pack(records: NDArray[np.void], fields: NDArray[np.int64]) -> Packed:
    """Records as they are written down."""
    columns, data = encode(records, fields)
    return records.size, columns.tobytes(), data.tobytes()


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
def _is_decimal(value, power):  # type: ignore[no-untyped-def]
    scaled = np.rint(value * power)
    return np.abs(scaled) < _LARGEST_SCALED and scaled / power == value


@njit(cache=True)
def _decimals(values, word):  # type: ignore[no-untyped-def]
    """The fewest decimals, of up to 8, that all values have; -1 if some value is none of these."""
    decimals = last_raise = 0
    for i in range(len(values)):
        value = values[i, word]
        if value == 0 and np.signbit(value):
            return -1
        while not _is_decimal(value, _POWERS[decimals]):
            decimals += 1
            last_raise = i
            if decimals == len(_POWERS):
                return -1
    # A large value may have passed with fewer decimals, and be too large with those of a later one.
    for i in range(last_raise):
        if not _is_decimal(values[i, word], _POWERS[decimals]):
            return -1
    return decimals


@njit(cache=True)
def _shift_down(values, least, out):  # type: ignore[no-untyped-def]
    for i in range(len(values)):
        out[i] = values[i] - least


@njit(cache=True)
def _shift_up(distances, least, out):  # type: ignore[no-untyped-def]
    for i in range(len(distances)):
        out[i] = least + distances[i]


@njit(cache=True)
def _encode(words, doubles, fields, columns, out):  # type: ignore[no-untyped-def]
    size = len(words)
    if size == 0:
        return 0
    values = np.empty(size, np.uint64)
    at = 0
    for f in range(len(fields)):
        word, shift, bits, is_double = fields[f]
        decimals = _decimals(doubles, word) if is_double else -1
        if decimals >= 0:
            power = _POWERS[decimals]
            for i in range(size):
                values[i] = np.uint64(np.int64(np.rint(doubles[i, word] * power)))
        else:
            mask = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - bits)
            for i in range(size):
                values[i] = (words[i, word] >> np.uint64(shift)) & mask
        least, most = values[0], values[0]
        for i in range(size):
            least, most = min(least, values[i]), max(most, values[i])
        span = most - least
        columns[f].least = least
        columns[f].decimals = decimals
        if span == 0:
            width = 0
        elif span < 1 << 8:
            width = 1
            _shift_down(values, least, out[at : at + size])
        elif span < 1 << 16:
            width = 2
            _shift_down(values, least, out[at : at + 2 * size].view(np.uint16))
        elif span < 1 << 32:
            width = 4
            _shift_down(values, least, out[at : at + 4 * size].view(np.uint32))
        else:
            width = 8
            _shift_down(values, least, out[at : at + 8 * size].view(np.uint64))
        columns[f].width = width
        end = at + width * size
        at = (end + 7) // 8 * 8
        out[end:at] = 0
    return at


@njit(cache=True)
def _decode(columns, data, fields, words, doubles):  # type: ignore[no-untyped-def]
    size = len(words)
    values = np.empty(size, np.uint64)
    at = 0
    for f in range(len(fields)):
        word, shift, _, _ = fields[f]
        least, width, decimals = columns[f].least, columns[f].width, columns[f].decimals
        if width == 0:
            values[:] = least
        elif width == 1:
            _shift_up(data[at : at + size], least, values)
        elif width == 2:
            _shift_up(data[at : at + 2 * size].view(np.uint16), least, values)
        elif width == 4:
            _shift_up(data[at : at + 4 * size].view(np.uint32), least, values)
        else:
            _shift_up(data[at : at + 8 * size].view(np.uint64), least, values)
        at += (width * size + 7) // 8 * 8
        if decimals >= 0:
            power = _POWERS[decimals]
            for i in range(size):
                doubles[i, word] = np.int64(values[i]) / power
        else:
            for i in range(size):
                words[i, word] |= values[i] << np.uint64(shift)
