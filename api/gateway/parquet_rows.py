"""The rows of Parquet, which is read at random and so has to be a file."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from api.gateway import reasons
from api.gateway.errors import BadBodyError
from api.gateway.reasons import Fault
from api.gateway.trade import FIELDS, Trade, judge

REQUIRED = FIELDS[:5]
BATCH_ROWS = 10_000


def parquet_rows(chunks: Iterable[bytes], latest_ms: Callable[[], int]) -> Iterator[Trade | Fault]:
    """What each row holds, once all of the file is there; a null is a field that is missing.

    Columns may come in any order, and others than a trade's are ignored. Prices may be decimals;
    timestamps whole numbers of ms, or Parquet's own timestamps (without a zone they are UTC).

    Args:
        chunks: The bytes of the file; they are kept in a temporary one meanwhile.
        latest_ms: The latest timestamp that is not too far ahead, now.

    Raises:
        BadBodyError: It is not Parquet, or lacks a column.
    """
    with tempfile.TemporaryFile(prefix="tapeline-upload-") as file:
        for chunk in chunks:
            file.write(chunk)
        try:
            parquet = pq.ParquetFile(file)
            names = parquet.schema_arrow.names
            missing = [field for field in REQUIRED if field not in names]
            if missing:
                raise BadBodyError(f"expected the columns {', '.join(missing)}", FIELDS)
            columns = [field for field in FIELDS if field in names]
            if any(names.count(field) > 1 for field in columns):
                raise BadBodyError("expected each column once", FIELDS)
            for batch in parquet.iter_batches(BATCH_ROWS, columns=columns):
                for row in _rows(batch):
                    if isinstance(row, Fault):
                        yield row
                        continue
                    trade = {field: value for field, value in row.items() if value is not None}
                    yield judge(trade, latest_ms())
        except (pa.ArrowException, OSError) as error:
            raise BadBodyError(f"expected Parquet: {error}"[:500]) from None


def _rows(batch: pa.RecordBatch) -> Iterable[dict[str, Any] | Fault]:
    columns = {
        name: _plain(column) for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    try:
        listed = [column.to_pylist() for column in columns.values()]
    except UnicodeDecodeError:
        return _one_by_one(columns, batch.num_rows)
    return (dict(zip(columns, row, strict=True)) for row in zip(*listed, strict=True))


def _one_by_one(columns: dict[str, pa.Array], count: int) -> Iterator[dict[str, Any] | Fault]:
    """The rows, where some text is not UTF-8: Parquet does not check it."""
    for number in range(count):
        try:
            yield {name: column[number].as_py() for name, column in columns.items()}
        except UnicodeDecodeError:
            yield reasons.INVALID_UTF8


def _plain(column: pa.Array) -> pa.Array:
    """A column whose values are those that JSON could have."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("ms"), safe=False).cast(pa.int64())
    if pa.types.is_decimal(column.type) or pa.types.is_floating(column.type):
        return column.cast(pa.float64())
    return column
