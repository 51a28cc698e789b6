"""Text written inside numba: pieces of it, strings and numbers as JSON has them.

Doubles are written as ``msgspec`` writes them, byte for byte: by the shortest decimal that is read
as the same double. A statistic, whose last digits are noise of its summation, may have fewer.
"""

import numpy as np
from numba import njit

from udfs.doubles import shortest
from udfs.words import leading_zeros

SIGNIFICANT = 12
MOST_BYTES = 24
"""No number is longer."""
_LEAST_PLAIN, _MOST_PLAIN = -5, 16
"""Decimal exponents between which no power of ten is written, as ``msgspec`` has it."""
_U0, _U1, _U2, _U10, _U100 = (np.uint64(n) for n in (0, 1, 2, 10, 100))
_PAIRS = np.frombuffer(b"".join(b"%02d" % n for n in range(100)), np.uint8)
"""The digits of each number below 100."""
_WHOLE_TENS = 10 ** np.arange(20, dtype=np.uint64)
_MINUS, _POINT, _ZERO, _E = (np.uint8(ord(each)) for each in "-.0e")
_NULL = np.frombuffer(b"null", np.uint8)
_QUOTE, _BACKSLASH, _SPACE, _U = (np.uint8(ord(each)) for each in '"\\ u')
_ESCAPES = np.zeros(32, np.uint8)
"""What stands behind the backslash for each control character; 0 where it is its number."""
for _control, _letter in zip(b"\b\f\n\r\t", b"bfnrt", strict=True):
    _ESCAPES[_control] = _letter
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
MOST_OF_CHARACTER = 6
"""Bytes that one byte of a string may take."""


@njit(cache=True, inline="always")
def put_text(text, ends, n, out, at):  # type: ignore[no-untyped-def]
    """The n-th of ``Texts``; returns where it ends."""
    begin = ends[n]
    size = ends[n + 1] - begin
    for k in range(size):
        out[at + k] = text[begin + k]
    return at + size


@njit(cache=True)
def put_string(text, begin, end, out, at):  # type: ignore[no-untyped-def]
    """UTF-8 between two places as a JSON string, as ``msgspec`` has it; returns where it ends."""
    out[at] = _QUOTE
    at += 1
    for place in range(begin, end):
        byte = text[place]
        if byte < _SPACE:
            at = _put_control(byte, out, at)
            continue
        if byte in (_QUOTE, _BACKSLASH):
            out[at] = _BACKSLASH
            at += 1
        out[at] = byte
        at += 1
    out[at] = _QUOTE
    return at + 1


@njit(cache=True)
def _put_control(byte, out, at):  # type: ignore[no-untyped-def]
    """A control character; returns where it ends."""
    out[at] = _BACKSLASH
    out[at + 1] = _ESCAPES[byte]
    if _ESCAPES[byte]:
        return at + 2
    out[at + 1], out[at + 2], out[at + 3] = _U, _ZERO, _ZERO
    out[at + 4], out[at + 5] = _HEX[byte >> 4], _HEX[byte & 15]
    return at + 6


@njit(cache=True, inline="always")
def put_digits(value, count, out, at):  # type: ignore[no-untyped-def]
    """The last so many digits of a uint64, zeros before them; returns where they end."""
    place = at + count
    while place >= at + 2:
        place -= 2
        rest = value // _U100
        pair = (value - rest * _U100) * _U2
        out[place], out[place + 1] = _PAIRS[pair], _PAIRS[pair + _U1]
        value = rest
    if place > at:
        out[at] = _ZERO + np.uint8(value % _U10)
    return at + count


@njit(cache=True, inline="always")
def put_integer(value, out, at):  # type: ignore[no-untyped-def]
    """An int64; returns where it ends."""
    if value < 0:
        out[at] = _MINUS
        at += 1
    size = np.uint64(abs(value))
    return put_digits(size, _digits_of(size), out, at)


@njit(cache=True, inline="always")
def _digits_of(value):  # type: ignore[no-untyped-def]
    """How many digits a uint64 below 10**19 has."""
    value |= _U1  # which is of as many, and not 0
    # The binary logarithm times that of 2 to the base of 10, 1233 / 4096.
    digits = ((64 - leading_zeros(value)) * 1233) >> 12
    return digits + (1 if value >= _WHOLE_TENS[digits] else 0)


@njit(cache=True)
def put_double(value, out, at):  # type: ignore[no-untyped-def]
    """A double as ``msgspec`` has it: null if it is not finite; returns where it ends."""
    if not np.isfinite(value):
        return put_null(out, at)
    digits, power = shortest(value)
    return _put_decimal(np.signbit(value), digits, power, out, at)


@njit(cache=True)
def put_rounded(value, out, at):  # type: ignore[no-untyped-def]
    """As ``put_double``, with ``SIGNIFICANT`` digits at most."""
    if not np.isfinite(value):
        return put_null(out, at)
    digits, power = shortest(value)
    further = _digits_of(digits) - SIGNIFICANT
    if further > 0:
        unit = _WHOLE_TENS[further]
        digits = (digits + unit // _U2) // unit
        power += further
    return _put_decimal(np.signbit(value), digits, power, out, at)


@njit(cache=True, inline="always")
def put_null(out, at):  # type: ignore[no-untyped-def]
    """No value; returns where it ends."""
    for byte in _NULL:
        out[at] = byte
        at += 1
    return at


@njit(cache=True, inline="always")
def _put_decimal(is_negative, digits, power, out, at):  # type: ignore[no-untyped-def]
    """Digits times a power of ten, as JSON; returns where it ends."""
    if is_negative:
        out[at] = _MINUS
        at += 1
    while digits >= _U10 and digits % _U10 == _U0:
        digits //= _U10
        power += 1
    count = _digits_of(digits)
    exponent = count + power - 1
    if not _LEAST_PLAIN <= exponent < _MOST_PLAIN:
        unit = _WHOLE_TENS[count - 1]
        out[at] = _ZERO + np.uint8(digits // unit)
        at += 1
        if count > 1:
            out[at] = _POINT
            at = put_digits(digits % unit, count - 1, out, at + 1)
        out[at] = _E
        return put_integer(exponent, out, at + 1)
    if power >= 0:
        at = put_digits(digits, count, out, at)
        at = put_digits(_U0, power, out, at)
        out[at] = _POINT
        return put_digits(_U0, 1, out, at + 1)
    unit = _WHOLE_TENS[min(-power, 19)]
    at = put_digits(digits // unit, max(count + power, 1), out, at)
    out[at] = _POINT
    return put_digits(digits % unit, -power, out, at + 1)
