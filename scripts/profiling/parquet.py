"""Parquet: columns judged all at once, and the rows that are not plainly trades one by one."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from api.gateway import reasons
from api.gateway.parquet_rows import REQUIRED, plain
from api.gateway.reasons import Fault
from api.gateway.trade import (
    FIELDS,
    MAX_EXCHANGE_LENGTH,
    MAX_NOTIONAL,
    MAX_SYMBOL_LENGTH,
    MAX_TRADE_ID_LENGTH,
    MAX_VALUE,
    MIN_VALUE,
    OLDEST_MS,
    Trade,
    judge,
)
from scripts.profiling.piece import NO_TRADES, ROWS, Piece, Reject, of_messages, to_json
from scripts.profiling.terms import ProfileError
from udfs import scanner
from udfs.buffers import buffers_of
from udfs.trades import TRADE, Batch, take_ids

Columns = dict[str, pa.Array]
Flags = NDArray[np.bool_]


def pieces(
    path: Path, part: int, latest_ms: int, constants: Mapping[str, str | None]
) -> Iterator[Piece]:
    """What the rows of a file hold, judged as those of an upload.

    Args:
        path: The file.
        part: Its number.
        latest_ms: The latest timestamp that is not too far ahead.
        constants: Fields that are the same of each row, from the names of the file's folders.

    Raises:
        ProfileError: It is not Parquet, or lacks a column.
    """
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            missing = [field for field in REQUIRED if field not in (*names, *constants)]
            if missing:
                raise ProfileError(f"{path}: expected the columns {', '.join(missing)}")
            wanted = [field for field in FIELDS if field in names]
            size, first = path.stat().st_size, 0
            for batch in file.iter_batches(ROWS, columns=wanted):
                rows = batch.num_rows
                columns = {name: plain(batch.column(name)) for name in wanted}
                for name, value in constants.items():
                    columns.setdefault(name, pa.array([value] * rows, pa.string()))
                read = size * rows / file.metadata.num_rows
                yield from of_columns(columns, rows, first, part, latest_ms, read)
                first += rows
    except (pa.ArrowException, OSError) as error:
        raise ProfileError(f"{path}: expected Parquet: {error}") from error


def of_columns(
    columns: Columns, rows: int, first: int, part: int, latest_ms: int, read: float
) -> Iterator[Piece]:
    """The pieces of so many rows, the first of which is the file's ``first``."""
    valid = np.zeros(rows, np.bool_)
    found = _usual(columns, latest_ms)
    if found is not None:
        batch, valid = found
        batch.trades["source"] = part
        batch.trades["offset"] = first + np.flatnonzero(valid)
        yield Piece(part, batch, [], np.zeros(batch.trades.size, np.bool_), read)
    odd = np.flatnonzero(~valid)
    if odd.size or found is None:
        yield from _one_by_one(columns, odd, first, part, latest_ms, 0.0 if found else read)


_IS_USUAL: dict[str, Callable[[pa.DataType], bool]] = {
    "symbol": pa.types.is_string,
    "price": pa.types.is_float64,
    "quantity": pa.types.is_float64,
    "timestamp": pa.types.is_integer,
    "side": pa.types.is_string,
    "trade_id": lambda type_: pa.types.is_string(type_) or pa.types.is_integer(type_),
    "exchange": pa.types.is_string,
}
"""The types, once made plain, of which columns can be judged all at once."""


def _usual(columns: Columns, latest_ms: int) -> tuple[Batch, Flags] | None:
    """The trades of the rows that are plainly such, and which rows these are.

    None if the columns have other types than they usually have.
    """
    if not all(_IS_USUAL[name](column.type) for name, column in columns.items()):
        return None
    rows = len(columns["symbol"])
    none = pa.nulls(rows, pa.string())
    symbols, symbol, has_symbol = _coded(columns["symbol"], MAX_SYMBOL_LENGTH)
    exchanges, exchange, has_exchange = _coded(
        columns.get("exchange", none), MAX_EXCHANGE_LENGTH, or_null=True
    )
    ids = columns.get("trade_id", none)
    ids = ids if pa.types.is_string(ids.type) else ids.cast(pa.string())
    price, quantity = (_numbers(columns[name], np.nan) for name in ("price", "quantity"))
    timestamp = _numbers(columns["timestamp"].cast(pa.int64(), safe=False), -1)
    length = pc.binary_length(ids)
    is_id = pc.and_(
        pc.string_is_ascii(ids), pc.and_(pc.greater(length, 0), pc.less(length, _TOO_LONG))
    )
    is_buy, is_sell = (pc.equal(columns["side"], side) for side in ("buy", "sell"))
    with np.errstate(over="ignore", invalid="ignore"):
        valid = (
            has_symbol
            & has_exchange
            & ((price >= MIN_VALUE) & (price <= MAX_VALUE))
            & ((quantity >= MIN_VALUE) & (quantity <= MAX_VALUE))
            & (price * quantity <= MAX_NOTIONAL)
            & ((timestamp >= OLDEST_MS) & (timestamp <= latest_ms))
            & _flags(pc.or_(is_buy, is_sell), if_null=False)
            & _flags(is_id, if_null=True)
        )
    trades = np.zeros(int(valid.sum()), TRADE)
    trades["timestamp"], trades["price"] = timestamp[valid], price[valid]
    trades["quantity"], trades["symbol"] = quantity[valid], symbol[valid]
    trades["exchange"] = exchange[valid]
    buys = _flags(is_buy, if_null=False)[valid]
    trades["side"] = np.where(buys, scanner.BUY, scanner.SELL)
    data, ends = buffers_of(ids.filter(pa.array(valid)).fill_null("").cast(pa.binary()))
    places = np.stack([ends[:-1], np.diff(ends)], axis=1).astype(np.int64)
    return Batch(trades, symbols, exchanges, take_ids(data, places, trades)), valid


_TOO_LONG = MAX_TRADE_ID_LENGTH + 1


def _coded(
    column: pa.StringArray, most: int, *, or_null: bool = False
) -> tuple[list[str], NDArray[np.int64], Flags]:
    """The names in a column, (n,) codes into them (-1: null), and which of these are good names."""
    coded = column.dictionary_encode()
    names = [_text(each) for each in coded.dictionary]
    # One more for null, which is the last as -1 is.
    good = np.array([*(1 <= len(name) <= most for name in names), or_null])
    codes = _numbers(coded.indices.cast(pa.int64()), -1)
    return names, codes, good[codes]


def _text(value: pa.StringScalar) -> str:
    try:
        return str(value.as_py())
    except UnicodeDecodeError:
        return ""


def _numbers(column: pa.Array, if_null: float) -> NDArray[Any]:
    filled = column.fill_null(if_null) if column.null_count else column
    numbers: NDArray[Any] = filled.to_numpy(zero_copy_only=False)
    return numbers


def _flags(column: pa.BooleanArray, *, if_null: bool) -> Flags:
    flags: Flags = column.fill_null(if_null).to_numpy(zero_copy_only=False)
    return flags


def _one_by_one(
    columns: Columns, rows: NDArray[np.int64], first: int, part: int, latest_ms: int, read: float
) -> Iterator[Piece]:
    """The pieces of some rows, by the words of the upload's judge."""
    messages: list[bytes | None] = []
    positions: list[int] = []
    rejects: list[Reject] = []
    for row in rows.tolist():
        payload = b""
        verdict: Trade | Fault = reasons.INVALID_UTF8
        try:
            values = {name: column[row].as_py() for name, column in columns.items()}
        except UnicodeDecodeError:
            pass
        else:
            given = {name: value for name, value in values.items() if value is not None}
            payload, verdict = _written(given), judge(given, latest_ms)
        if isinstance(verdict, Fault):
            rejects.append(Reject(first + row, 0, verdict.reason, verdict.detail, payload))
        else:
            messages.append(to_json(verdict))
            positions.append(first + row)
    times = np.full(len(messages), latest_ms)
    yield from of_messages(messages, np.array(positions, np.int64), times, part, 0, read)
    yield Piece(part, NO_TRADES, rejects, np.zeros(0, np.bool_))


def _written(row: dict[str, Any]) -> bytes:
    """A row as JSON, for people to look at."""
    return msgspec.json.encode(row, enc_hook=str)
