"""The mathematics as Flink sees it: every ``udf()`` declaration, with all its types."""

import gc
import time

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyflink.table import DataTypes, FunctionContext, ScalarFunction
from pyflink.table.udf import UserDefinedScalarFunctionWrapper, udf

import udfs.worker  # noqa: F401  (before numba)
from udfs import dead_letters, frames, trades


class DecodeTrades(ScalarFunction):  # type: ignore[misc]
    """A batch of Kafka messages in, its frames and dead letters out.

    A pandas UDF must return as many rows as it got. All that a batch gives stands as an array on
    its last row; those of the other rows are empty. Frames begin with digits, dead letters with a
    brace.
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
        self,
        payload: pa.BinaryArray,
        source: NDArray[np.int32],
        offset: NDArray[np.int64],
        timestamp: "NDArray[np.datetime64]",
    ) -> pa.ListArray:
        """Payload BYTES, source INT, offset BIGINT, timestamp TIMESTAMP_LTZ(3) -> ARRAY<BYTES>.

        A batch as ``udfs.worker`` hands it over: (n,) each.
        """
        times_ms = timestamp.astype("datetime64[ms]").view("int64")
        pieces: list[bytes] = []
        for batch in trades.decode(payload, times_ms, source, offset, self._max_ahead_ms):
            pieces += map(frames.pack, frames.split(batch, self._shards))
            if batch.rejects:
                now_ms = time.time_ns() // 1_000_000
                pieces += dead_letters.encode(batch.rejects, source, offset, self._topics, now_ms)
        ends = np.zeros(len(payload) + 1, np.int32)
        ends[-1] = len(pieces)
        return pa.ListArray.from_arrays(ends, pa.array(pieces, pa.binary()))


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
