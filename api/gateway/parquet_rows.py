"""The rows of Parquet, which is read at random and so has to be a file."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from api.gateway import reasons
from api.gateway.errors import BadBodyError
from api.gateway.reasons import Fault
from api.gateway.trade import FIELDS, Trade, accepted, judge

REQUIRED = FIELDS[:5]
BATCH_ROWS = 10_000

Row = tuple[Any, ...]


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


_USUAL: dict[str, Callable[[pa.DataType], bool]] = {
    "symbol": _is_text,
    "price": pa.types.is_floating,
    "quantity": pa.types.is_floating,
    "timestamp": pa.types.is_integer,
    "side": _is_text,
    "trade_id": _is_text,
    "exchange": _is_text,
}
"""The types, once made plain, of which a row can be judged quickly."""


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
                plained = {name: plain(batch.column(name)) for name in columns}
                is_usual = all(_USUAL[name](column.type) for name, column in plained.items())
                for row in _rows(plained, batch.num_rows):
                    if isinstance(row, Fault):
                        yield row
                    else:
                        found = _quickly(row, latest_ms()) if is_usual else None
                        yield found or _carefully(row, latest_ms())
        except (pa.ArrowException, OSError) as error:
            raise BadBodyError(f"expected Parquet: {error}"[:500]) from None


def _quickly(row: Row, latest_ms: int) -> Trade | None:
    """The trade of a row of the usual types that is plainly one."""
    symbol, price, quantity, timestamp, side, trade_id, exchange = row
    if None in row[:5]:
        return None
    return accepted(symbol, price, quantity, timestamp, side, trade_id, exchange, latest_ms)


def _carefully(row: Row, latest_ms: int) -> Trade | Fault:
    fields = zip(FIELDS, row, strict=True)
    return judge({field: value for field, value in fields if value is not None}, latest_ms)


def _rows(columns: dict[str, pa.Array], count: int) -> Iterable[Row | Fault]:
    """The values of each row in the order of the fields, None for what is not there."""
    try:
        listed = [
            columns[field].to_pylist() if field in columns else repeat(None, count)
            for field in FIELDS
        ]
    except UnicodeDecodeError:
        return _one_by_one(columns, count)
    return zip(*listed, strict=True)


def _one_by_one(columns: dict[str, pa.Array], count: int) -> Iterator[Row | Fault]:
    """The rows, where some text is not UTF-8: Parquet does not check it."""
    for number in range(count):
        try:
            yield tuple(
                columns[field][number].as_py() if field in columns else None for field in FIELDS
            )
        except UnicodeDecodeError:
            yield reasons.INVALID_UTF8


def plain(column: pa.Array) -> pa.Array:
    """A column whose values are those that JSON could have."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("ms"), safe=False).cast(pa.int64())
    if pa.types.is_decimal(column.type) or pa.types.is_floating(column.type):
        return column.cast(pa.float64())
    return column
