"""Eight bytes at a time: the tricks that let the scanner read words instead of characters.

Words are little-endian uint64. The digit tricks are D. Lemire's ("Quickly parsing eight digits",
2018); the search for a byte is the classic ``haszero`` of "Bit Twiddling Hacks".
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

WORD_BYTES = 8


def word(text: str) -> np.uint64:
    """Up to eight ASCII characters as the word that loads from them, zeros above."""
    return np.uint64(int.from_bytes(text.encode(), "little"))


def _each(byte: int) -> np.uint64:
    return np.uint64(byte * 0x0101010101010101)


_ONES, _HIGHS, _SPACES = _each(0x01), _each(0x80), _each(0x20)
_QUOTES, _BACKSLASHES, _NEWLINES = _each(ord('"')), _each(ord("\\")), _each(ord("\n"))
_ZEROS, _TO_HIGHS = _each(ord("0")), _each(0x80 - 10)
_U1, _U8, _U16, _U32 = np.uint64(1), np.uint64(8), np.uint64(16), np.uint64(32)
_LOW_BYTES = np.uint64(0x000000FF000000FF)
_PAIRS = np.uint64(100 + (1_000_000 << 32))
_QUADS = np.uint64(1 + (10_000 << 32))


@intrinsic
def pointer(typingctx: Any, array: Any) -> Any:
    """Where a contiguous array begins; ``pointer(array)[i]`` is item i of it, flat, unchecked.

    Numba counts references to an array wherever one is passed on, which takes longer than what is
    done with a byte. Only for arrays that the caller of the kernel keeps alive.
    """
    if array.layout != "C":
        raise TypingError(f"pointer needs a contiguous array, got {array}")

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, args[0]).data

    del typingctx
    return types.CPointer(array.dtype)(array), generate


@intrinsic
def record(typingctx: Any, records: Any, i: Any) -> Any:
    """Record ``i`` of a pointer to records, to be read and written in place, unchecked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    del typingctx
    return records.dtype(records, types.int64), generate


@intrinsic
def load(typingctx: Any, text: Any, at: Any) -> Any:
    """The word that begins at byte ``at`` of a pointer to bytes: it must be inside, unchecked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.bitcast(builder.gep(args[0], [args[1]]), ir.IntType(64).as_pointer())
        return builder.load(place, align=1)

    del typingctx
    return types.uint64(text, types.int64), generate


@intrinsic
def prefetch(typingctx: Any, records: Any, i: Any) -> Any:
    """Asks for record ``i`` of a pointer to be brought into the cache, and does not wait for it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [byte, number, number, number]),
            "llvm.prefetch.p0i8",
        )
        place = builder.bitcast(builder.gep(args[0], [args[1]]), byte)
        for_write, keep, data = number(1), number(3), number(1)
        builder.call(function, [place, for_write, keep, data])
        return context.get_dummy_value()

    del typingctx, i
    return types.void(records, types.int64), generate


@intrinsic
def trailing_zeros(typingctx: Any, value: Any) -> Any:
    """How many zero bits stand below the lowest one of a uint64 that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], cgutils.true_bit)

    del typingctx, value
    return types.int64(types.uint64), generate


@intrinsic
def leading_zeros(typingctx: Any, value: Any) -> Any:
    """How many zero bits stand above the highest one of a uint64 that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctlz(args[0], cgutils.true_bit)

    del typingctx, value
    return types.int64(types.uint64), generate


@intrinsic
def high_product(typingctx: Any, a: Any, b: Any) -> Any:
    """The upper 64 bits of the product of two uint64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, wide(64)), ir.IntType(64))

    del typingctx, a, b
    return types.uint64(types.uint64, types.uint64), generate


@intrinsic
def bits_of(typingctx: Any, value: Any) -> Any:
    """A double as the uint64 of the same bits."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    del typingctx, value
    return types.uint64(types.float64), generate


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
def soh_marks(w):  # type: ignore[no-untyped-def]
    """Marks (0x80) where there is an SOH (0x01); only the lowest mark is exact."""
    others = w ^ _ONES
    return (others - _ONES) & ~others & _HIGHS


@njit(cache=True, inline="always")
def other_than_digits(w):  # type: ignore[no-untyped-def]
    """Marks (0x80) where there is no decimal digit; only the lowest mark is exact."""
    values = w ^ _ZEROS
    return ((values + _TO_HIGHS) | values) & _HIGHS


@njit(cache=True, inline="always")
def first_digits(w, count):  # type: ignore[no-untyped-def]
    """The number that the first 1 to 8 bytes write, which are digits, as uint64."""
    shift = np.uint64(64 - 8 * count)
    return eight_digits((w << shift) | (_ZEROS & ((_U1 << shift) - _U1)))


@njit(cache=True, inline="always")
def eight_digits(w):  # type: ignore[no-untyped-def]
    """The number that eight digits write, as uint64."""
    w = w - _ZEROS
    w = w * np.uint64(10) + (w >> _U8)
    return (((w & _LOW_BYTES) * _PAIRS) + (((w >> _U16) & _LOW_BYTES) * _QUADS)) >> _U32
