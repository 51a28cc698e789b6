"""The store: what was read, on disk and in the order of arrival, as DuckDB reads it again."""

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scripts.profiling.piece import Reject

_TRADE = {
    "symbol": pa.int32(),  # code
    "timestamp": pa.int64(),
    "price": pa.float64(),
    "quantity": pa.float64(),
    "side": pa.uint8(),  # scanner.BUY or SELL
    "exchange": pa.int16(),  # code; -1: none
    "trade_id": pa.string(),
    "id_length": pa.uint8(),  # by which trades of a millisecond follow each other, as do the next
    "id_high": pa.uint64(),
    "id_low": pa.uint64(),
    "part": pa.int32(),
    "position": pa.int64(),
}
TRADES = pa.schema({"number": pa.int64(), **_TRADE})
"""Those that are no copies, numbered in the order in which they came."""
COPIES = pa.schema(_TRADE)
REJECTS = pa.schema(
    {
        "reason": pa.string(),
        "detail": pa.string(),
        "payload": pa.binary(),
        "part": pa.int32(),
        "position": pa.int64(),
        "index": pa.int64(),
    }
)
_OF_ARRAY = [name for name in _TRADE if name not in ("trade_id", "part", "position")]


class Store:
    """Writes what was read into a folder; to be used with ``with``, and read after that."""

    def __init__(self, folder: Path) -> None:
        self.trades, self.copies, self.rejects = (
            folder / f"{name}.parquet" for name in ("trades", "copies", "rejects")
        )
        self._writers = [
            pq.ParquetWriter(path, schema, compression="lz4", use_dictionary=False)
            for path, schema in (
                (self.trades, TRADES),
                (self.copies, COPIES),
                (self.rejects, REJECTS),
            )
        ]
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for writer in self._writers:
            writer.close()

    def add(
        self, trades: NDArray[np.void], ids: pa.StringArray, are_new: NDArray[np.bool_]
    ) -> None:
        """Writes trades, (n,) of TRADE, and their whole ids: those that are new, and copies."""
        new, copies = trades[are_new], trades[~are_new]
        numbers = np.arange(self._count, self._count + new.size)
        self._count += new.size
        if new.size:
            own = ids if new.size == trades.size else ids.filter(pa.array(are_new))
            columns = {"number": numbers, **_columns(new, own)}
            self._writers[0].write_table(pa.table(columns, TRADES))
        if copies.size:
            own = ids.filter(pa.array(~are_new))
            self._writers[1].write_table(pa.table(_columns(copies, own), COPIES))

    def reject(self, part: int, rejects: list[Reject]) -> None:
        """Writes what is no trade."""
        if rejects:
            positions, indexes, reasons, details, payloads = zip(*rejects, strict=True)
            parts = np.full(len(rejects), part, np.int32)
            columns = [reasons, details, payloads, parts, positions, indexes]
            arrays = [
                pa.array(each, type_) for each, type_ in zip(columns, REJECTS.types, strict=True)
            ]
            self._writers[2].write_table(pa.table(arrays, schema=REJECTS))


def _columns(trades: NDArray[np.void], ids: pa.StringArray) -> dict[str, object]:
    fields = {name: np.ascontiguousarray(trades[name]) for name in _OF_ARRAY}
    columns = {
        **fields,
        "trade_id": ids,
        "part": np.ascontiguousarray(trades["source"]),
        "position": np.ascontiguousarray(trades["offset"]),
    }
    return {name: columns[name] for name in _TRADE}


def ids_of(lengths: NDArray[np.uint8], data: NDArray[np.uint8]) -> pa.StringArray:
    """The ids of n trades, of these lengths (0: null) and whose bytes lie end to end."""
    ends = np.zeros(lengths.size + 1, np.int32)
    np.cumsum(lengths, out=ends[1:])
    present = np.packbits(lengths > 0, bitorder="little")
    buffers = [pa.py_buffer(each) for each in (present, ends, np.ascontiguousarray(data))]
    return pa.Array.from_buffers(pa.string(), lengths.size, buffers)
