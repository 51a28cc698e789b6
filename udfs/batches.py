"""Batches of Kafka records, as the JVM hands them to Python: one value each.

Little-endian: the number of records n and the number of bytes of payloads (i8 each); the payloads,
end to end; n timestamps in ms (i8), n offsets (i8), n sources (i4), n lengths of payloads (i4; -1
is a record without one).
``flink-conf/src/main/java/io/tapeline/BatchRecords.java`` writes them.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from udfs.decoding import Records

_HEAD_BYTES = 2 * 8


def unpack(batch: NDArray[np.uint8]) -> Records:
    """The records of a batch, whose payloads stay where they lie."""
    n, payload_bytes = batch[:_HEAD_BYTES].copy().view(np.int64).tolist()
    payloads, longs, ints = np.split(
        batch[_HEAD_BYTES:], [payload_bytes, payload_bytes + 2 * 8 * n]
    )
    # Copies, because kernels are compiled for aligned arrays, which those of a batch need not be.
    times_ms, offsets = longs.copy().view(np.int64).reshape(2, n)
    sources, lengths = ints.copy().view(np.int32).reshape(2, n)
    validity = None
    are_null = lengths < 0
    if are_null.any():
        validity = pa.py_buffer(np.packbits(~are_null, bitorder="little"))
        lengths[are_null] = 0
    places = np.zeros(n + 1, np.int32)
    np.cumsum(lengths, out=places[1:])
    buffers = [validity, pa.py_buffer(places), pa.py_buffer(payloads)]
    return Records(pa.BinaryArray.from_buffers(pa.binary(), n, buffers), times_ms, sources, offsets)
