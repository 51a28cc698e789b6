"""Eight bytes at a time: the tricks that let the scanner read words instead of characters.

Words are little-endian uint64. The digit tricks are D. Lemire's ("Quickly parsing eight digits",
2018); the search for a byte is the classic ``haszero`` of "Bit Twiddling Hacks".
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

WORD_BYTES = 8


def word(text: str) -> np.uint64:
    """Up to eight ASCII characters as the word that loads from them, zeros above."""
    return np.uint64(int.from_bytes(text.encode(), "little"))


def _each(byte: int) -> np.uint64:
    return np.uint64(byte * 0x0101010101010101)


_ONES, _HIGHS, _SPACES = _each(0x01), _each(0x80), _each(0x20)
_QUOTES, _BACKSLASHES, _NEWLINES = _each(ord('"')), _each(ord("\\")), _each(ord("\n"))
_ZEROS, _SIXES, _NIBBLES, _THREES = _each(0x30), _each(0x06), _each(0xF0), _each(0x33)
_U4, _U8, _U16, _U32 = np.uint64(4), np.uint64(8), np.uint64(16), np.uint64(32)
_TEN_AND_ONE = np.uint64(10 + (1 << 8))
_LOW_BYTES = np.uint64(0x000000FF000000FF)
_PAIRS = np.uint64(100 + (1_000_000 << 32))
_QUADS = np.uint64(1 + (10_000 << 32))


@intrinsic
def load(typingctx: Any, buffer: Any, at: Any) -> Any:
    """The word that begins at byte ``at`` of a uint8 array: it must end inside, unchecked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(64).as_pointer())
        return builder.load(place, align=1)

    del typingctx
    return types.uint64(buffer, types.int64), generate


@intrinsic
def borrowed(typingctx: Any, array: Any) -> Any:
    """The same array, without its share in the memory: nothing is counted when it is passed on.

    Only for arrays that the caller of the kernel keeps alive.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        copy = context.make_array(signature.args[0])(context, builder, args[0])
        copy.meminfo = cgutils.get_null_value(copy.meminfo.type)
        copy.parent = cgutils.get_null_value(copy.parent.type)
        return copy._getvalue()

    del typingctx
    return array(array), generate


@intrinsic
def trailing_zeros(typingctx: Any, value: Any) -> Any:
    """How many zero bits stand below the lowest one of a uint64 that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], cgutils.true_bit)

    del typingctx, value
    return types.int64(types.uint64), generate


@njit(cache=True, inline="always")
def string_stops(w):  # type: ignore[no-untyped-def]
    """Marks (0x80) where a plain string cannot go on: quote, backslash, control or not ASCII.

    Only the lowest mark is exact, which is the one that counts.
    """
    quotes = w ^ _QUOTES
    backslashes = w ^ _BACKSLASHES
    return (
        ((quotes - _ONES) & ~quotes)
        | ((backslashes - _ONES) & ~backslashes)
        | ((w - _SPACES) & ~w)
        | w
    ) & _HIGHS


@njit(cache=True, inline="always")
def newline_marks(w):  # type: ignore[no-untyped-def]
    """Marks (0x80) where there is a newline; only the lowest mark is exact."""
    newlines = w ^ _NEWLINES
    return (newlines - _ONES) & ~newlines & _HIGHS


@njit(cache=True, inline="always")
def are_digits(w):  # type: ignore[no-untyped-def]
    """Whether all eight bytes are decimal digits."""
    return ((w & _NIBBLES) | (((w + _SIXES) & _NIBBLES) >> _U4)) == _THREES


@njit(cache=True, inline="always")
def eight_digits(w):  # type: ignore[no-untyped-def]
    """The number that eight digits write, as uint64."""
    w = w - _ZEROS
    w = w * np.uint64(10) + (w >> _U8)
    return (((w & _LOW_BYTES) * _PAIRS) + (((w >> _U16) & _LOW_BYTES) * _QUADS)) >> _U32
