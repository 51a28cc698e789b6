"""The memory of a column of bytes, as numpy sees it and kernels read it."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

CHUNK_BYTES = 32 << 20
"""Values are scanned in chunks of about this size, so that scratch memory stays bounded."""


def buffers_of(values: pa.BinaryArray) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """The bytes that hold n values, and the n + 1 places where each begins and the last ends.

    Nothing is copied, but where there are nulls: these become empty.
    """
    if values.null_count:
        values = values.fill_null(b"")
    _, places, data = values.buffers()
    found = np.frombuffer(data or b"", np.uint8), np.frombuffer(places, np.int32)
    for each in found:
        # A kernel is compiled for arrays that may be written to, and again for those that may not.
        each.setflags(write=False)
    return found[0], found[1][values.offset :][: len(values) + 1]


def chunk_end(places: NDArray[np.int32], first: int) -> int:
    """Where the chunk ends that begins with a value: it has one at least."""
    budget = int(places[first]) + CHUNK_BYTES
    return max(int(np.searchsorted(places, budget, side="right")) - 1, first + 1)
