"""The mathematics as Flink sees it: every ``udf()`` declaration, with all its types.

It also makes a Python worker of Flink fit for large batches, and must be imported before anything
of numba. A worker of PyFlink as it stands cannot import numba, turns every value into a Python
object, copies each batch five times on the way to Arrow, and hands the memory back after every
batch. What is replaced here belongs to the version of PyFlink that is pinned; with another, the
import fails.
"""

import builtins
import ctypes
import gc
import time
from itertools import chain, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from apache_beam.runners.worker import bundle_processor, sdk_worker, statesampler
from numpy.typing import NDArray
from pyflink.fn_execution import coder_impl_fast
from pyflink.fn_execution.beam import beam_sdk_worker_main
from pyflink.fn_execution.ResettableIO import ResettableIO
from pyflink.fn_execution.utils import operation_utils
from pyflink.table import DataTypes, FunctionContext, ScalarFunction
from pyflink.table.udf import UserDefinedScalarFunctionWrapper, udf

# PyFlink's worker puts a print of its own into builtins. Numba looks it up, as it is imported, in
# the module that made it, where it has no name.
beam_sdk_worker_main.print = builtins.print

from udfs import (  # noqa: E402
    batches,
    beam,
    checksum,
    dead_letters,
    decoding,
    fix,
    frames,
    ledger,
    messages,
    order_frames,
    orders,
    outages,
    tally,
    trades,
)
from udfs.buffers import buffers_of  # noqa: E402
from udfs.decoding import Records  # noqa: E402
from udfs.outages import Run  # noqa: E402
from udfs.ring import Ring  # noqa: E402
from udfs.shared import SharedMemory  # noqa: E402
from udfs.sources import Topics  # noqa: E402
from udfs.tally import Tally  # noqa: E402


def _columns_of(timezone: Any, types: Any, batches: Any) -> list[Any]:
    """In place of PyFlink's ``arrow_to_pandas``: a batch's columns as numpy arrays, where they lie.

    PyFlink makes a Python object of each BYTES value, which costs more than decoding what it holds.
    Such a column stays an Arrow array; so does one with NULLs. Timestamps are in UTC.
    """
    (batch,) = batches
    return [
        column if column.null_count or pa.types.is_binary(column.type) else column.to_numpy()
        for column in batch.columns
    ]


def _batch_of(schema: pa.Schema, timezone: Any, types: Any, columns: Any) -> pa.RecordBatch:
    """In place of PyFlink's ``pandas_to_arrow``: the columns are Arrow's already."""
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _call(function: Any, *columns: Any) -> Any:
    """In place of PyFlink's ``check_pandas_udf_result``, which knows of pandas' types only."""
    return function(*columns)


def _read_buffer(self: Any, size: int) -> pa.Buffer:
    """The next bytes of a batch in place; without this method, PyArrow reads copies of them."""
    left = pa.py_buffer(self._input_bytes)[self._input_offset :]
    buffer = left[:size]
    self._input_offset += buffer.size
    return buffer


for module, name, ours in (
    (coder_impl_fast, "arrow_to_pandas", _columns_of),
    (coder_impl_fast, "pandas_to_arrow", _batch_of),
    (operation_utils, "check_pandas_udf_result", _call),
):
    if not hasattr(module, name):
        raise ImportError(f"this PyFlink has no {module.__name__}.{name}: pin the version tested")
    setattr(module, name, ours)
ResettableIO.read_buffer = _read_buffer

# A batch is megabytes, and each comes and goes: glibc, and Arrow's own allocator at once, would
# return its pages to the kernel, which clears them for the next one.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGEST_FROM_HEAP = 32 << 20  # glibc refuses more
_libc = ctypes.CDLL(None)
if hasattr(_libc, "mallopt"):
    _libc.mallopt(_M_MMAP_THRESHOLD, _LARGEST_FROM_HEAP)
    _libc.mallopt(_M_TRIM_THRESHOLD, 8 * _LARGEST_FROM_HEAP)
    _libc.mallopt(_M_ARENA_MAX, 1)
pa.set_memory_pool(pa.system_memory_pool())
beam.spare_sampling(statesampler)
beam.append_in_place(sdk_worker)
beam.spare_counting(bundle_processor)


class Decode(ScalarFunction):  # type: ignore[misc]
    """Batches of Kafka records in, of each an array of its frames and dead letters out.

    Frames, and the tally of what was read, begin with the digits of their key, dead letters, which
    are ``messages``, with a letter.

    Args:
        topics: Those that records come from.
        letters_to: The topic of dead letters.
        ring_bytes: The memory for these that it shares with the JVM: see ``udfs.ring``.
        shards: How many there are.
        max_ahead_ms: How far a trade's timestamp may be ahead of its record's.
        silence_ms: From which time without anything of a partition on it is told; None is never.
    """

    def __init__(
        self,
        topics: Topics,
        letters_to: str,
        ring_bytes: int,
        shards: int,
        max_ahead_ms: int,
        silence_ms: int | None,
    ) -> None:
        self._topics = topics
        self._letters_to = letters_to
        self._ring_bytes = ring_bytes
        self._shards = shards
        self._max_ahead_ms = max_ahead_ms
        self._silence_ms = silence_ms

    def open(self, function_context: FunctionContext) -> None:
        """Loads the compiled kernels before the first record."""
        del function_context
        self._ring = Ring(self._ring_bytes)
        for module in (trades, fix, orders, frames, dead_letters, outages):
            module.warm_up()
        # A batch of broken records makes thousands of objects, none of them in a cycle. With the
        # collector's own thresholds, searching them took as long as all the decoding.
        gc.freeze()
        gc.set_threshold(100_000, 20, 50)
        self._memory = SharedMemory()

    def close(self) -> None:
        """Gives up what it shares."""
        self._ring.close()

    def eval(self, batch: pa.BinaryArray) -> pa.ListArray:
        """BYTES, of ``udfs.batches`` or their address, -> ARRAY<BYTES>."""
        data, places = buffers_of(batch)
        pieces = []
        for start, end in pairwise(places):
            with self._memory.opened(data[start:end]) as records:
                pieces.append(self._pieces_of(batches.unpack(records)))
        ends = np.cumsum([0, *map(len, pieces)], dtype=np.int32)
        return pa.ListArray.from_arrays(ends, pa.array(chain(*pieces), pa.binary()))

    def _pieces_of(self, records: Records) -> list[bytes]:
        """Frames, dead letters and a tally of some records."""
        now_ms = time.time_ns() // 1_000_000
        decoded = decoding.decode(records, self._max_ahead_ms)
        pieces: list[bytes] = []
        for trades_of in decoded.batches:
            pieces += map(frames.pack, frames.split(trades_of, self._shards))
        for events in decoded.events:
            pieces += map(order_frames.pack, order_frames.split(events, self._shards))
        for rejects, of in decoded.rejects:
            letters = dead_letters.encode(rejects, of.sources, of.offsets, self._topics, now_ms)
            pieces += self._ring.send(messages.pack([(self._letters_to, letters)]))
        changes = ledger.of_batch(records.sources, decoded.outcomes)
        runs: list[Run] = []
        if self._silence_ms is not None:
            runs = outages.runs(*decoded.times(), self._silence_ms)
        pieces.append(tally.pack(Tally(changes, runs)))
        return pieces


def decode_records(decode: Decode) -> UserDefinedScalarFunctionWrapper:
    """``decode_records(batch)``, for SQL."""
    return udf(
        decode,
        input_types=[DataTypes.BYTES()],
        result_type=DataTypes.ARRAY(DataTypes.BYTES()),
        func_type="pandas",
    )


def _crc32(payload: pa.BinaryArray) -> pa.Array:
    """BYTES -> BIGINT: see ``checksum.crc32s``; NULL of NULL."""
    return pa.array(checksum.crc32s(payload).astype(np.int64), mask=_are_null(payload))


def _fix_checksum(payload: pa.BinaryArray) -> pa.Array:
    """BYTES -> INT: see ``checksum.fix_checksums``; NULL of NULL."""
    return pa.array(checksum.fix_checksums(payload).astype(np.int32), mask=_are_null(payload))


def _are_null(column: pa.Array) -> "NDArray[np.bool_]":
    are_null: NDArray[np.bool_] = column.is_null().to_numpy(zero_copy_only=False)
    return are_null


crc32 = udf(
    _crc32, input_types=[DataTypes.BYTES()], result_type=DataTypes.BIGINT(), func_type="pandas"
)
"""``crc32(payload)``, for SQL."""
fix_checksum = udf(
    _fix_checksum, input_types=[DataTypes.BYTES()], result_type=DataTypes.INT(), func_type="pandas"
)
"""``fix_checksum(payload)``, for SQL."""
