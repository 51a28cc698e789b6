"""Rows of Parquet are judged as an upload's are, quickly or one by one."""

import io
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.gateway.parquet_rows import parquet_rows
from api.gateway.reasons import Fault
from scripts.profiling import parquet
from scripts.profiling.terms import ProfileError
from tests.scripts.profiling.makers import LATEST_MS
from udfs import frames
from udfs.frames import Frame
from udfs.scanner import BUY

texts = st.text(max_size=34) | st.sampled_from(["BTCUSDT", "buy", "sell", "x" * 64, "é" * 33])
numbers = st.floats(allow_nan=True) | st.sampled_from([0.0, 1.0, 1e-15, 1e15, 1e12, -1.0])
times = st.integers(LATEST_MS - 5, LATEST_MS + 5) | st.integers(946_684_799_998, 946_684_800_002)
ids = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 99)
rows = st.tuples(
    texts | st.none(),
    numbers | st.none(),
    numbers | st.none(),
    times | st.none(),
    st.sampled_from(["buy", "sell", "Buy", "", None]),
    texts | st.none(),
    texts | st.none(),
)
NAMES = ["symbol", "price", "quantity", "timestamp", "side", "trade_id", "exchange"]
TYPES = [pa.string(), pa.float64(), pa.float64(), pa.int64(), pa.string(), pa.string(), pa.string()]


def read(table: pa.Table) -> tuple[list[tuple[Any, ...]], Counter[str]]:
    """The trades of a table by their places, and how many rows are rejected why."""
    trades, reasons = [], Counter[str]()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        pq.write_table(table, path)
        for piece in parquet.pieces(path, 0, LATEST_MS, {}):
            reasons.update(reject.reason for reject in piece.rejects)
            for frame in frames.split(piece.batch, 1):
                trades += values(frame)
    return [row[1:] for row in sorted(trades)], reasons


def values(frame: Frame) -> list[tuple[Any, ...]]:
    return [
        (
            trade["offset"],
            frame.symbols[trade["symbol"]],
            trade["price"],
            trade["quantity"],
            trade["timestamp"],
            "buy" if trade["side"] == BUY else "sell",
            id_ or "",
            frame.exchanges[trade["exchange"]] if trade["exchange"] >= 0 else "",
        )
        for trade, id_ in zip(frame.trades, frames.trade_ids(frame), strict=True)
    ]


def uploaded(table: pa.Table) -> tuple[list[tuple[Any, ...]], Counter[str]]:
    """What an upload of the table makes of it."""
    out = io.BytesIO()
    pq.write_table(table, out)
    trades, reasons = [], Counter[str]()
    for row in parquet_rows([out.getvalue()], lambda: LATEST_MS):
        if isinstance(row, Fault):
            reasons[row.reason] += 1
        else:
            trades.append(
                (
                    *(row.symbol, row.price, row.quantity, row.timestamp, row.side),
                    *(row.trade_id or "", row.exchange or ""),
                )
            )
    return trades, reasons


@settings(max_examples=100)
@given(st.lists(rows, max_size=30))
def test_rows_are_judged_as_those_of_an_upload(given_rows: list[tuple[Any, ...]]) -> None:
    columns = [list(column) for column in zip(*given_rows, strict=True)] or [[] for _ in NAMES]
    arrays = [pa.array(each, type_) for each, type_ in zip(columns, TYPES, strict=True)]
    table = pa.table(arrays, NAMES)
    assert read(table) == uploaded(table)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("trade_id", pa.array([7, None, -3, 2**62])),
        ("trade_id", pa.array([1.5, None, 2.0, 3.0])),
        ("timestamp", pa.array([1, 2, 3, None], pa.timestamp("us", "UTC"))),
        ("timestamp", pa.array([LATEST_MS * 10**6 - 1] * 4, pa.timestamp("ns"))),
        ("price", pa.array(["1", "2", "3", "4"])),
        ("price", pa.array([1, 2, 3, None])),
        ("price", pa.array([1, 2, 3, None]).cast(pa.decimal128(30, 4))),
        ("price", pa.array([True, False, True, None])),
        ("symbol", pa.array(["A", "B", "A", None]).dictionary_encode()),
        ("symbol", pa.array(["A", "B", "A", None], pa.large_string())),
        ("symbol", pa.array([b"A", b"\xff", b"\xc4B", None], pa.binary()).cast(pa.string(), False)),
        (
            "exchange",
            pa.array([b"A", b"\xff", b"\xc4B", None], pa.binary()).cast(pa.string(), False),
        ),
        ("timestamp", pa.array([2**64 - 1, LATEST_MS, 0, None], pa.uint64())),
    ],
)
def test_columns_of_other_types_are_too(name: str, array: pa.Array) -> None:
    row = ["A", 1.0, 2.0, LATEST_MS, "buy", "7", "X"]
    table = pa.table({each: [value] * 4 for each, value in zip(NAMES, row, strict=True)})
    table = table.set_column(NAMES.index(name), name, array)
    assert read(table) == uploaded(table)


def test_what_is_no_parquet_of_trades_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 it is not")
    with pytest.raises(ProfileError, match="expected Parquet"):
        list(parquet.pieces(path, 0, LATEST_MS, {}))
    pq.write_table(pa.table({"symbol": ["A"], "price": [1.0]}), path)
    with pytest.raises(ProfileError, match="expected the columns quantity, timestamp, side"):
        list(parquet.pieces(path, 0, LATEST_MS, {}))
