"""Decimal text to the nearest double, inside numba.

``decimal_to_double`` is Clinger's exact case for short numbers and the Eisel-Lemire algorithm for
the rest (D. Lemire, "Number Parsing at a Gigabyte per Second", 2021), so a price of 17 digits costs
about as much as one of 5. It says when it cannot decide, which the caller answers with ``float``.
"""

import numpy as np
from numba import njit

from udfs.words import WORD_BYTES, first_digits, load, other_than_digits, trailing_zeros

MIN_POWER, MAX_POWER = -64, 64
"""Powers of ten in the tables; market data stays far inside them."""


def _power_of_five(q: int) -> int:
    """5**q as a 128-bit integer with its top bit set, rounded as the algorithm's proof asks."""
    power: int = 5 ** abs(q)
    if q >= 0:
        length = power.bit_length()
        return power << (128 - length) if length <= 128 else power >> (length - 128)
    length = (power - 1).bit_length()
    if q >= -27:
        return (1 << (length + 127)) // power + 1
    reciprocal = (1 << (2 * length + 128)) // power + 1
    return reciprocal >> (reciprocal.bit_length() - 128)


_POWERS = [_power_of_five(q) for q in range(MIN_POWER, MAX_POWER + 1)]
_HIGH = np.array([p >> 64 for p in _POWERS], dtype=np.uint64)
_LOW = np.array([p & (2**64 - 1) for p in _POWERS], dtype=np.uint64)
TENS = np.array([10.0**q for q in range(23)])
WHOLE_TENS = 10 ** np.arange(WORD_BYTES + 1, dtype=np.uint64)
_ZERO, _NINE = 48, 57
_BINARY = np.array([2.0**e for e in range(-330, 331)])
_BINARY_BIAS = 330

_U0, _U1, _U3, _U9 = np.uint64(0), np.uint64(1), np.uint64(3), np.uint64(9)
_U32, _U63 = np.uint64(32), np.uint64(63)
_LOW_32 = np.uint64(0xFFFFFFFF)
_NINE_BITS = np.uint64(0x1FF)
_ALL_BITS = np.uint64(0xFFFFFFFFFFFFFFFF)
_EXACT = np.uint64(2**53)


@njit(cache=True, inline="always")
def _multiply(a, b):  # type: ignore[no-untyped-def]
    """The 128-bit product of two uint64, as (high, low)."""
    a_low, a_high = a & _LOW_32, a >> _U32
    b_low, b_high = b & _LOW_32, b >> _U32
    low = a_low * b_low
    middle = a_high * b_low + (low >> _U32)
    carry = a_low * b_high + (middle & _LOW_32)
    high = a_high * b_high + (middle >> _U32) + (carry >> _U32)
    return high, (carry << _U32) | (low & _LOW_32)


@njit(cache=True, inline="always")
def append_digits(text, at, end, limit, value):  # type: ignore[no-untyped-def]
    """Appends the digits that begin at ``at`` to a uint64; returns it and where they end."""
    last = min(end, limit)
    while at < last:
        w = load(text, at)
        others = other_than_digits(w)
        if others != 0:
            count = min(trailing_zeros(others) >> 3, end - at)
            if count > 0:
                value = value * WHOLE_TENS[count] + first_digits(w, count)
            return value, at + count
        count = min(WORD_BYTES, end - at)
        value = value * WHOLE_TENS[count] + first_digits(w, count)
        at += count
    while at < end and _ZERO <= text[at] <= _NINE:
        value = value * np.uint64(10) + np.uint64(text[at] - _ZERO)
        at += 1
    return value, at


@njit(cache=True)
def decimal_to_double(digits, power):  # type: ignore[no-untyped-def]
    """The double nearest to ``digits * 10**power``; ties go to even.

    Args:
        digits: the decimal digits as uint64 (at most 19 of them).
        power: the power of ten, int64.

    Returns:
        (ok, value): ok is False where the algorithm cannot decide or the power is outside the
        tables; value is then 0.0.
    """
    if digits == _U0:
        return True, 0.0
    if digits <= _EXACT and -22 <= power <= 22:
        if power < 0:
            return True, np.float64(digits) / TENS[-power]
        return True, np.float64(digits) * TENS[power]
    if power < MIN_POWER or power > MAX_POWER:
        return False, 0.0

    shift = 0
    w = digits
    while (w >> _U63) == _U0:
        w = w << _U1
        shift += 1
    high, low = _multiply(w, _HIGH[power - MIN_POWER])
    if (high & _NINE_BITS) == _NINE_BITS:
        more, _ = _multiply(w, _LOW[power - MIN_POWER])
        low = low + more
        if low < more:
            high = high + _U1
    if low == _ALL_BITS and (power < -27 or power > 55):
        return False, 0.0
    upper = high >> _U63
    mantissa = high >> (upper + _U9)
    if (
        low <= _U1
        and -4 <= power <= 23
        and (mantissa & _U3) == _U1
        and (mantissa << (upper + _U9)) == high
    ):
        mantissa = mantissa - _U1  # exactly half way: to even
    mantissa = (mantissa + (mantissa & _U1)) >> _U1
    exponent = ((217706 * power) >> 16) + 63 + np.int64(upper) - shift - 52
    return True, np.float64(mantissa) * _BINARY[exponent + _BINARY_BIAS]
