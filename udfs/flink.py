"""The mathematics as Flink sees it: every ``udf()`` declaration, with all its types."""

import builtins
import time
from typing import Any

import pandas as pd
from pyflink.fn_execution.beam import beam_sdk_worker_main
from pyflink.table import DataTypes, FunctionContext, ScalarFunction
from pyflink.table.udf import UserDefinedScalarFunctionWrapper, udf

# PyFlink's worker puts a print of its own into builtins. Numba looks it up, as it is imported, in
# the module that made it, where it has no name.
beam_sdk_worker_main.print = builtins.print

from udfs import dead_letters, frames, trades  # noqa: E402


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

    def eval(
        self, payload: "pd.Series[Any]", source: Any, offset: Any, timestamp: Any
    ) -> "pd.Series[Any]":
        """Payload BYTES, source INT, offset BIGINT, timestamp TIMESTAMP_LTZ(3) -> ARRAY<BYTES>."""
        sources, offsets = source.to_numpy(), offset.to_numpy()
        times_ms = timestamp.to_numpy("datetime64[ms]").view("int64")
        out: list[bytes] = []
        for batch in trades.decode(payload.tolist(), times_ms, self._max_ahead_ms):
            rows = batch.trades["row"]
            batch.trades["source"] = sources[rows]
            batch.trades["offset"] = offsets[rows]
            out += map(frames.pack, frames.split(batch, self._shards))
            if batch.rejects:
                out += dead_letters.encode(
                    batch.rejects, sources, offsets, self._topics, time.time_ns() // 1_000_000
                )
        result: list[list[bytes] | None] = [None] * len(payload)
        result[-1] = out
        return pd.Series(result, dtype=object)


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
