"""The mathematics as Flink sees it: every ``udf()`` declaration, with all its types."""

import builtins
import gc
import time
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyflink.fn_execution import coder_impl_fast
from pyflink.fn_execution.beam import beam_sdk_worker_main
from pyflink.table import DataTypes, FunctionContext, ScalarFunction
from pyflink.table.types import VarBinaryType
from pyflink.table.udf import UserDefinedScalarFunctionWrapper, udf
from pyflink.table.utils import arrow_to_pandas

# PyFlink's worker puts a print of its own into builtins. Numba looks it up, as it is imported, in
# the module that made it, where it has no name.
beam_sdk_worker_main.print = builtins.print

from udfs import dead_letters, frames, trades  # noqa: E402


def _keep_binary_columns(timezone: Any, types: Any, batches: Any) -> list[Any]:
    """As PyFlink's ``arrow_to_pandas``, but a BYTES column stays the Arrow column it is.

    PyFlink makes a Python object of each value, which costs more than decoding what it holds.
    """
    table = pa.Table.from_batches(batches)
    return [
        pd.Series(pd.arrays.ArrowExtensionArray(column))
        if isinstance(kind, VarBinaryType)
        else arrow_to_pandas(timezone, [kind], table.select([place]).to_batches())[0]
        for place, (kind, column) in enumerate(zip(types, table.itercolumns(), strict=True))
    ]


# Should a PyFlink of another build not look here, the objects come as before: _array takes both.
coder_impl_fast.arrow_to_pandas = _keep_binary_columns


def _array(column: "pd.Series[Any]") -> pa.BinaryArray:
    """A BYTES column as one Arrow array; copied only if its values are objects."""
    array = pa.array(column, type=pa.binary())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


class DecodeTrades(ScalarFunction):  # type: ignore[misc]
    """A batch of Kafka messages in, its frames and dead letters out.

    A pandas UDF must return as many rows as it got. All that a batch gives stands as an array on
    its last row; the other rows are NULL. Frames begin with digits, dead letters with a brace.
    """

    def __init__(self, topics: tuple[str, ...], shards: int, max_ahead_ms: int) -> None:
        self._topics = topics
        self._shards = shards
        self._max_ahead_ms = max_ahead_ms

    def open(self, function_context: FunctionContext) -> None:
        """Loads the compiled kernels before the first record."""
        del function_context
        trades.warm_up()
        frames.warm_up()
        # A batch of broken records makes thousands of objects, none of them in a cycle. With the
        # collector's own thresholds, searching them took as long as all the decoding.
        gc.freeze()
        gc.set_threshold(100_000, 20, 50)

    def eval(
        self, payload: "pd.Series[Any]", source: Any, offset: Any, timestamp: Any
    ) -> "pd.Series[Any]":
        """Payload BYTES, source INT, offset BIGINT, timestamp TIMESTAMP_LTZ(3) -> ARRAY<BYTES>."""
        times_ms = timestamp.to_numpy("datetime64[ms]").view("int64")
        sources, offsets = source.to_numpy(), offset.to_numpy()
        pieces: list[bytes] = []
        for batch in trades.decode(_array(payload), times_ms, sources, offsets, self._max_ahead_ms):
            pieces += map(frames.pack, frames.split(batch, self._shards))
            if batch.rejects:
                now_ms = time.time_ns() // 1_000_000
                pieces += dead_letters.encode(batch.rejects, sources, offsets, self._topics, now_ms)
        result = np.full(len(payload), None)
        result[-1] = pieces
        return pd.Series(result)


def decode_trades(
    topics: tuple[str, ...], shards: int, max_ahead_ms: int
) -> UserDefinedScalarFunctionWrapper:
    """``decode_trades(payload, source, offset, timestamp)``: see ``DecodeTrades``."""
    return udf(
        DecodeTrades(topics, shards, max_ahead_ms),
        input_types=[
            DataTypes.BYTES(),
            DataTypes.INT(),
            DataTypes.BIGINT(),
            DataTypes.TIMESTAMP_LTZ(3),
        ],
        result_type=DataTypes.ARRAY(DataTypes.BYTES()),
        func_type="pandas",
    )
