"""Codes for the names in a text, in numba: the first distinct name has 0, the next 1, and so on."""

import numpy as np
from numba import njit

from udfs.words import WORD_BYTES, load

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, inline="always")
def _name_word(text, start, length, i):  # type: ignore[no-untyped-def]
    """Bytes i to i + 8 of a name as a word, zeros where it is shorter.

    A shorter rest is read as the end of a word, so that nothing past the buffer is touched: before
    a name stands its key.
    """
    rest = length - i
    if rest >= WORD_BYTES:
        return load(text, start + i)
    return load(text, start + length - WORD_BYTES) >> np.uint64(8 * (WORD_BYTES - rest))


@njit(cache=True, inline="always")
def _is_name(text, start, length, names, code):  # type: ignore[no-untyped-def]
    """Whether a name is the one that has this code."""
    if names[2 * code + 1] != length:
        return False
    known = names[2 * code]
    for i in range(0, length, WORD_BYTES):
        if _name_word(text, known, length, i) != _name_word(text, start, length, i):
            return False
    return True


@njit(cache=True, inline="always")
def intern(text, start, length, table, mask, names, count, guess):  # type: ignore[no-untyped-def]
    """The code of a name in its table (open addressing); returns (code, new count).

    ``guess`` is tried first: names come in runs.
    """
    if guess < count and _is_name(text, start, length, names, guess):
        return guess, count
    return _intern(text, start, length, table, mask, names, count)


@njit(cache=True)
def _intern(text, start, length, table, mask, names, count):  # type: ignore[no-untyped-def]
    h = np.uint64(length)
    for i in range(0, length, WORD_BYTES):
        h = (h ^ _name_word(text, start, length, i)) * _GOLDEN
        h = h ^ (h >> np.uint64(32))
    slot = h & mask
    while True:
        code = table[slot]
        if code < 0:
            table[slot] = count
            names[2 * count] = start
            names[2 * count + 1] = length
            return count, count + 1
        if _is_name(text, start, length, names, code):
            return code, count
        slot = (slot + np.uint64(1)) & mask
