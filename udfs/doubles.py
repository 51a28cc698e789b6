"""The shortest decimal that is read as the same double: the Schubfach algorithm, in numba.

Of the decimals between a double's two neighbours it takes the shortest, and of these the nearest,
as ``repr`` does. By R. Giulietti ("The Schubfach way to render doubles", 2020), after the form that
A. Bolz gave it.
"""

import numpy as np
from numba import njit

from udfs.words import bits_of, high_product

_LEAST_POWER, _MOST_POWER = -292, 324
_SIGNIFICAND_BITS, _BIAS = 52, 1075
_HIDDEN = np.uint64(1 << _SIGNIFICAND_BITS)
_FRACTION = np.uint64((1 << _SIGNIFICAND_BITS) - 1)
_U0, _U1, _U2, _U4, _U10, _U40 = (np.uint64(n) for n in (0, 1, 2, 4, 10, 40))
_SHIFT = np.uint64(_SIGNIFICAND_BITS)


def _log2_of_power(k: int) -> int:
    """The whole part of the binary logarithm of 10**k."""
    return (k * 1741647) >> 19


def _power(k: int) -> int:
    """10**k as 128 bits, the first of which is 1; rounded up."""
    shift = 127 - _log2_of_power(k)
    above: int = 10 ** max(k, 0) << max(shift, 0)
    below: int = 10 ** max(-k, 0) << max(-shift, 0)
    return -(-above // below)


_POWERS = np.array(
    [divmod(_power(k), 1 << 64) for k in range(_LEAST_POWER, _MOST_POWER + 1)], np.uint64
)


@njit(cache=True, inline="always")
def _rounded_to_odd(high, low, value):  # type: ignore[no-untyped-def]
    """The upper bits of a product with a power; the last is 1 where others below are not 0."""
    middle = high * value
    sum_ = middle + high_product(low, value)
    top = high_product(high, value) + (_U1 if sum_ < middle else _U0)
    return top | (_U1 if sum_ > _U1 else _U0)


@njit(cache=True)
def shortest(value):  # type: ignore[no-untyped-def]
    """Digits and power of ten of the size of a finite double; digits may end in zeros."""
    bits = bits_of(abs(value))
    if bits == _U0:
        return _U0, 0
    fraction, exponent = bits & _FRACTION, np.int64(bits >> _SHIFT)
    if exponent:
        c, q = _HIDDEN | fraction, exponent - _BIAS
        if -_SIGNIFICAND_BITS <= q <= 0:
            below = np.uint64(-q)
            if (c >> below) << below == c:
                return c >> below, 0
    else:
        c, q = fraction, np.int64(1 - _BIAS)
    is_odd = c & _U1
    is_closer = fraction == _U0 and exponent > 1
    k = (q * 1262611 - (524031 if is_closer else 0)) >> 22
    h = np.uint64(q + ((-k * 1741647) >> 19) + 1)
    high, low = _POWERS[-k - _LEAST_POWER, 0], _POWERS[-k - _LEAST_POWER, 1]
    middle = c * _U4
    lower = _rounded_to_odd(high, low, (middle - (_U1 if is_closer else _U2)) << h) + is_odd
    upper = _rounded_to_odd(high, low, (middle + _U2) << h) - is_odd
    value = _rounded_to_odd(high, low, middle << h)
    digits = value // _U4
    if digits >= _U10:
        shorter = digits // _U10
        is_below = lower <= shorter * _U40
        is_above = shorter * _U40 + _U40 <= upper
        if is_below != is_above:
            return shorter + (_U1 if is_above else _U0), k + 1
    is_below = lower <= digits * _U4
    is_above = digits * _U4 + _U4 <= upper
    if is_below != is_above:
        return digits + (_U1 if is_above else _U0), k
    half = digits * _U4 + _U2
    is_up = value > half or (value == half and (digits & _U1) == _U1)
    return digits + (_U1 if is_up else _U0), k
