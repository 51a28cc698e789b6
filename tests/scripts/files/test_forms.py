"""The same trades in every form, and what becomes of rows that are none."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scripts.files.errors import FileError
from scripts.files.rows import NO_TIME
from tests.scripts.files.makers import NOON, SYMBOLS, file_of, objects_of, values_of

HEADER = b"symbol,price,quantity,timestamp,side\n"
TRADES = st.lists(
    st.fixed_dictionaries(
        {
            "symbol": st.sampled_from(SYMBOLS),
            "price": st.integers(1, 10**9).map(lambda ticks: ticks / 100),
            "quantity": st.integers(1, 10**9).map(lambda lots: lots / 1_000),
            "timestamp": st.integers(NOON, NOON + 10**8),
            "side": st.sampled_from(["buy", "sell"]),
            "trade_id": st.integers(0, 10**15),
        }
    ),
    min_size=1,
    max_size=30,
)


def write_integers(path: Path, trades: list[dict[str, object]]) -> None:
    path.write_text(
        "".join(
            f"{t['timestamp']}000,{SYMBOLS.index(str(t['symbol']))},{int(t['side'] == 'sell')},"
            f"{round(t['price'] * 100)},{round(t['quantity'] * 1_000)},{t['trade_id']}\n"  # type: ignore[operator]
            for t in trades
        )
    )


@given(TRADES)
def test_all_forms_of_a_trade_are_one(trades: list[dict[str, object]]) -> None:
    table = pa.Table.from_pylist(trades)
    with TemporaryDirectory() as folder:
        parquet, csv, ndjson, integers = (
            Path(folder) / name for name in ("a.parquet", "a.csv", "a.ndjson", "i.csv")
        )
        pq.write_table(table, parquet)
        pyarrow.csv.write_csv(table, csv)
        ndjson.write_bytes(msgspec.json.Encoder().encode_lines(trades))
        write_integers(integers, trades)
        for path in (parquet, ndjson, integers):
            assert objects_of(path) == trades
        assert objects_of(csv) == [t | {"trade_id": str(t["trade_id"])} for t in trades]
        for path in (parquet, csv, ndjson, integers):
            (batch,) = file_of(path).read(0, 1_000)
            assert batch.times.tolist() == [t["timestamp"] for t in trades]
            assert batch.keys.tolist() == [str(t["symbol"]).encode() for t in trades]


CELLS = st.text('ab,"\n\r1. \x00é', max_size=20).map(str.encode)


@given(
    st.sampled_from(["csv", "ndjson", "log", "i.csv"]),
    st.lists(st.one_of(CELLS, st.binary(max_size=30), st.just(b"A,1,2,3,buy")), max_size=12),
    st.integers(0, 12),
    st.integers(1, 5),
)
@example("csv", [b'"A,1,2,3,buy', b"A,1,2,3,buy"], 1, 1)
@example("csv", [b'A,1,2,3,"bu', b'y"', b"B,1,2,3,buy"], 0, 1)
def test_whatever_is_in_a_file_it_is_read_the_same_from_any_row_in_any_batches(
    form: str, lines: list[bytes], first: int, batch_rows: int
) -> None:
    head = {"csv": HEADER, "i.csv": b"1,0,0,1,1,1\n"}.get(form, b"")
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"x.{form}"
        path.write_bytes(head + b"\n".join(lines))
        whole = values_of(path)
        assert values_of(path, first, batch_rows) == whole[first:]


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    row = b"AAPL,1,2,%d,buy\n" % NOON
    (tmp_path / "a.csv").write_bytes(HEADER + row + b'"AAPL,1\n' + 3 * row)
    found = objects_of(tmp_path / "a.csv")
    assert [type(each) for each in found] == [dict, str, dict, dict, dict]
    assert found[1] == '"AAPL,1'


def test_a_cell_may_hold_a_line_break(tmp_path: Path) -> None:
    row = b'"AA\nPL",1,2,%d,buy\n' % NOON
    (tmp_path / "a.csv").write_bytes(HEADER + row + row)
    assert [each["symbol"] for each in objects_of(tmp_path / "a.csv")] == ["AA\nPL"] * 2  # type: ignore[index]


def test_lines_of_ndjson_are_sent_byte_for_byte(tmp_path: Path) -> None:
    good = b'{"timestamp": %d,  "symbol":"A","price":1,"quantity":1.0,"side":"buy"}' % NOON
    lines = [good, b'{"symbol":', b"\xff", b"null", good.replace(b"1,", b'"x",'), good]
    (tmp_path / "a.ndjson").write_bytes(b"\r\n".join(lines) + b"\n\n")
    (batch,) = file_of(tmp_path / "a.ndjson").read(0, 100)
    assert batch.values.tolist() == lines
    assert batch.apart.tolist() == [False, True, True, True, False, False]
    assert batch.times.tolist() == [NOON, NO_TIME, NO_TIME, NO_TIME, NOON, NOON]


def test_rows_that_are_no_trades_say_what_they_say(tmp_path: Path) -> None:
    cells = [b"AAPL,x,2,%d,buy", b",1,2,%d,BUY", b"AAPL,nan,1e2,%d,buy"]
    rows = [row % NOON for row in cells] + [b"A,1,2,soon,buy", b"A,1,2,1700000000,buy", b"A,\xff,"]
    (tmp_path / "a.csv").write_bytes(HEADER + b"\n".join(rows))
    values = values_of(tmp_path / "a.csv")
    assert [json.loads(value) for value in values[:-1]] == [
        {"symbol": "AAPL", "price": "x", "quantity": 2, "timestamp": NOON, "side": "buy"},
        {"price": 1, "quantity": 2, "timestamp": NOON, "side": "BUY"},
        {"symbol": "AAPL", "price": "nan", "quantity": 100, "timestamp": NOON, "side": "buy"},
        {"symbol": "A", "price": 1, "quantity": 2, "timestamp": "soon", "side": "buy"},
        {"symbol": "A", "price": 1, "quantity": 2, "timestamp": 1_700_000_000, "side": "buy"},
    ]
    assert values[-1] == b'"A,\xff,"'


def test_integers_that_are_no_trade_say_what_they_say(tmp_path: Path) -> None:
    lines = ["1,2,3", f"{NOON}000,7,2,100,-5,1", f"{NOON}000,1,1,100,5,9", "1,2,3,4,5,6,7", "x"]
    (tmp_path / "a.csv").write_text(f"{NOON}000,0,0,1,1,1\n" + "\n\n".join(lines))
    assert objects_of(tmp_path / "a.csv")[1:] == [
        "1,2,3",
        {
            "symbol": 7,
            "price": 1.0,
            "quantity": -0.005,
            "timestamp": NOON,
            "side": 2,
            "trade_id": 1,
        },
        {
            "symbol": "BTC/USD",
            "price": 1.0,
            "quantity": 0.005,
            "timestamp": NOON,
            "side": "sell",
            "trade_id": 9,
        },
        "1,2,3,4,5,6,7",
        "x",
    ]


@pytest.mark.parametrize(
    ("time", "ms"),
    [
        (NOON // 1_000, NOON),
        (NOON * 1_000 + 7, NOON),
        (NOON * 10**6, NOON),
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01T14:00:00.5+02:00", NOON + 500),
        ("2026-01-01 12:00:00", NOON),
    ],
)
def test_times_are_told_apart(tmp_path: Path, time: object, ms: int) -> None:
    row = {"s": "A", "p": "1.5", "q": "2", "T": time, "m": True, "t": 7}
    wanted = {
        "symbol": "A",
        "price": 1.5,
        "quantity": 2,
        "timestamp": ms,
        "side": "sell",
        "trade_id": 7,
    }
    (tmp_path / "a.ndjson").write_bytes(msgspec.json.encode(row))
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    assert objects_of(tmp_path / "a.ndjson") == objects_of(tmp_path / "a.parquet") == [wanted]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_arrow_are_read_with_their_unit(tmp_path: Path, unit: str) -> None:
    times = pa.array([NOON, None], pa.timestamp("ms", "UTC")).cast(pa.timestamp(unit, "UTC"))
    columns = {"symbol": ["A"] * 2, "price": [1] * 2, "quantity": [1] * 2, "side": ["buy"] * 2}
    pq.write_table(pa.table(columns | {"ts": times}), tmp_path / "a.parquet")
    trade = {"symbol": "A", "price": 1, "quantity": 1, "side": "buy"}
    assert objects_of(tmp_path / "a.parquet") == [trade | {"timestamp": NOON}, trade]


def test_folders_say_columns(tmp_path: Path) -> None:
    folder = tmp_path / "date=2026-01-01" / "symbol=BTC%2FUSD"
    folder.mkdir(parents=True)
    row = {"price": 1.0, "quantity": 2.0, "timestamp": NOON, "side": "buy"}
    pq.write_table(pa.Table.from_pylist([row]), folder / "a.parquet")
    (folder / "a.ndjson").write_bytes(msgspec.json.encode(row))
    (folder / "a.csv").write_text(f"price,quantity,timestamp,side\n1,2,{NOON},buy\n")
    for name in ("a.parquet", "a.ndjson", "a.csv"):
        assert objects_of(folder / name) == [{"symbol": "BTC/USD", **row}]


def test_columns_that_are_missing_are_named_with_those_found(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("when,price,qty,side\n")
    with pytest.raises(FileError) as refused:
        file_of(tmp_path / "a.csv")
    assert str(refused.value).partition(": ")[2] == (
        "expected a column for symbol (symbol, ticker, s); timestamp (timestamp, ts, time, T); "
        "found when, price, qty, side"
    )
