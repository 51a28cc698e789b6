"""Codes of rows, such as those of their symbols, looked at and changed where they lie.

To pick them out as numpy does takes several times as long.
"""

import numpy as np
from numba import njit


@njit(cache=True)
def note(codes, present):  # type: ignore[no-untyped-def]
    """Sets, (k,), those codes that some of the rows, (n,), have."""
    for i in range(codes.size):
        present[codes[i]] = True


@njit(cache=True)
def recode(codes, others):  # type: ignore[no-untyped-def]
    """Gives each of the rows, (n,), the other code at the place of its own."""
    for i in range(codes.size):
        codes[i] = others[codes[i]]


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    row = np.dtype([("code", "i4"), ("other", "i4")])
    # To numba a column of one row is of another type than one of several.
    for size in (1, 2):
        codes = np.zeros(size, row)["code"]
        note(codes, np.zeros(1, np.bool_))
        recode(codes, np.zeros(1, np.int64))
