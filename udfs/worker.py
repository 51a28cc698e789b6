"""Makes a Python worker of Flink fit for large batches; import it before anything of numba.

A worker of PyFlink as it stands cannot import numba, turns every value into a Python object, copies
each batch five times on the way to Arrow, and hands the memory back after every batch. What is
replaced here belongs to the version of PyFlink that is pinned; with another, the import fails.
"""

import builtins
import ctypes
from typing import Any

import pyarrow as pa
from pyflink.fn_execution import coder_impl_fast
from pyflink.fn_execution.beam import beam_sdk_worker_main
from pyflink.fn_execution.ResettableIO import ResettableIO
from pyflink.fn_execution.utils import operation_utils

# PyFlink's worker puts a print of its own into builtins. Numba looks it up, as it is imported, in
# the module that made it, where it has no name.
beam_sdk_worker_main.print = builtins.print


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
