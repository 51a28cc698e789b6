"""What the gateway says of a row is what the pipeline says of the message it would publish."""

import csv
import io
import json
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.gateway.csv_rows import csv_rows
from api.gateway.errors import BadBodyError
from api.gateway.json_row import judge_line
from api.gateway.ndjson_rows import ndjson_rows
from api.gateway.parquet_rows import parquet_rows
from api.gateway.reasons import Fault
from api.gateway.trade import FIELDS, Trade
from tests.api.gateway.makers import (
    LATEST,
    VALID,
    encoded,
    latest_ms,
    message,
    rows,
    verdict,
    verdict_of_pipeline,
)
from tests.api.harness import NOW

TRADE = msgspec.convert(VALID, Trade)


@settings(max_examples=1_000)
@given(rows())
@example({**VALID, "trade_id": 42})
@example({**VALID, "symbol": "\ud800"})
@example({**VALID, "more": "\ud800"})
@example({**VALID, "price": 1e15, "quantity": 1_001})
def test_a_line_of_json_is_judged_as_the_pipeline_does(row: dict[str, Any]) -> None:
    line = encoded(row)
    found = judge_line(line, LATEST)
    assert verdict(found) == verdict_of_pipeline(line)
    if isinstance(found, Trade):
        assert verdict_of_pipeline(message(found)) == "ok"
        # With the timestamp that its record gets.
        assert verdict_of_pipeline(message(found), found.timestamp) == "ok"


LINE = encoded(VALID)


@settings(max_examples=1_000)
@given(st.integers(0, len(LINE) - 1), st.binary(max_size=3), st.integers(0, 3))
@example(5, b"\xff", 0)
def test_a_line_of_broken_json_is_judged_as_the_pipeline_does(
    at: int, put: bytes, drop: int
) -> None:
    line = LINE[:at] + put.replace(b"\n", b"") + LINE[at + drop :]
    assert verdict(judge_line(line, LATEST)) == verdict_of_pipeline(line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[]", "not_an_object"),
        (b"[" + LINE + b"]", "not_an_object"),
        (b"3", "not_an_object"),
        (LINE + LINE, "invalid_json"),
        (LINE[:-1] + b',"more":"\xff"}', "invalid_utf8"),
        (LINE[:-1] + b',"more":"\\q"}', "invalid_json"),
        (LINE[:-1] + b',"more":1e999}', "ok"),
        (LINE[:-1] + b',"more":NaN}', "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b"\xef\xbb\xbf" + LINE, "invalid_json"),
    ],
)
def test_a_line_holds_one_object(line: bytes, reason: str) -> None:
    assert verdict(judge_line(line, LATEST)) == reason


def test_a_trade_is_published_in_one_way_however_it_was_written() -> None:
    written = b'{"trade_id": 42, "side":"buy","symbol":"BTC","price":10,"more":1,"quantity":2e0,"timestamp":1767225600000,"exchange":null}'  # noqa: E501
    (found,) = ndjson_rows([written], latest_ms)
    assert isinstance(found, Trade)
    assert (
        message(found)
        == b'{"symbol":"BTC","price":10.0,"quantity":2.0,"timestamp":1767225600000,"side":"buy","trade_id":"42"}'  # noqa: E501
    )


def as_csv(header: list[str], *cells: list[str]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows([header, *cells])
    return file.getvalue().encode(errors="surrogatepass")


def read_csv(body: bytes, cut: int = 7) -> list[Trade | Fault]:
    pieces = [body[at : at + cut] for at in range(0, len(body), cut)]
    return list(csv_rows(pieces, latest_ms))


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=40)
some_cells = st.one_of(
    cells,
    st.sampled_from(["1", "1.5", "1e15", "1.1e15", "-1", ".5", "1.", "1_0", "nan", "inf", "1e999"]),
    st.sampled_from([str(NOW), str(LATEST + 1), "946684799999", "buy", "sell", " buy", "", "0x1"]),
)


@settings(max_examples=1_000)
@given(
    st.dictionaries(st.sampled_from(FIELDS), some_cells, max_size=3), st.permutations(list(FIELDS))
)
def test_a_row_of_csv_is_judged_as_the_message_of_its_cells(
    changed: dict[str, str], header: list[str]
) -> None:
    row = {name: str(VALID[name]) for name in FIELDS} | changed
    (found,) = read_csv(as_csv(header, [row[name] for name in header]))
    expected = dict[str, Any]()
    for name, cell in row.items():
        try:  # numbers are numbers where they can be
            of = {"price": float, "quantity": float, "timestamp": int}.get(name, str)
            value = of(cell)
            is_plain = all(each in "0123456789+-.eE" for each in cell)
        except ValueError:
            value, is_plain = cell, True
        expected[name] = value if is_plain or of is str else cell
    expected = {name: value for name, value in expected.items() if value != ""}
    # What JSON cannot say, over all bounds, is said as a number that is.
    line = json.dumps(expected).replace("Infinity", "1e999").encode()
    assert verdict(found) == verdict_of_pipeline(line)


@given(rows(), st.integers(1, 50))
def test_it_does_not_matter_where_the_bytes_are_cut(row: dict[str, Any], cut: int) -> None:
    body = encoded(row) + b"\r\n\n" + LINE + b"\n" + encoded(row)
    pieces = [body[at : at + cut] for at in range(0, len(body), cut)]
    assert list(ndjson_rows(pieces, latest_ms)) == list(ndjson_rows([body], latest_ms))
    assert len(list(ndjson_rows(pieces, latest_ms))) == 3


def test_a_row_that_is_too_long_is_rejected_and_the_others_count() -> None:
    long = b'{"x":"' + b"x" * (1 << 20) + b'"}'
    body = LINE + b"\n" + long + b"\n" + LINE
    pieces = [body[at : at + 65_536] for at in range(0, len(body), 65_536)]
    found = [verdict(each) for each in ndjson_rows(pieces, latest_ms)]
    assert found == ["ok", "message_too_large", "ok"]
    assert verdict_of_pipeline(long) == "message_too_large"


def test_rows_of_csv_that_are_none_are_told_and_the_others_count() -> None:
    header = list(FIELDS)
    good = [str(VALID[name]) for name in FIELDS]
    body = as_csv(header, good, good[:-1], [*good, "x"], good)
    body += b'"a"b,1\n' + b"x" * (1 << 21) + b"\n" + b"\xff" * 3 + b",,,,,,\n\n" + as_csv(good)
    found = read_csv(body, 65_536)
    assert [verdict(each) for each in found] == [
        *("ok", "malformed_row", "malformed_row", "ok", "malformed_row", "message_too_large"),
        *("invalid_utf8", "ok"),
    ]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"", "expected a header with symbol, price"),
        (b"symbol,price,quantity,timestamp\n", "expected a header with side"),
        (b"symbol,price,quantity,timestamp,side,side\n", "got two of side"),
        (b"\xffsymbol\n", "not UTF-8"),
    ],
)
def test_a_header_without_a_column_is_refused(header: bytes, expected: str) -> None:
    with pytest.raises(BadBodyError, match=expected):
        read_csv(header)


def test_a_header_may_have_a_mark_of_its_encoding_and_other_columns() -> None:
    body = b"\xef\xbb\xbfside,more,symbol,price,quantity,timestamp\r\nbuy,,BTCUSDT,1,2,%d\r\n" % NOW
    assert read_csv(body) == [Trade("BTCUSDT", 1.0, 2.0, NOW, "buy")]


def parquet(table: pa.Table) -> list[Trade | Fault]:
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=2)
    return list(parquet_rows([file.getvalue()], latest_ms))


def test_parquet_csv_and_ndjson_of_the_same_rows_are_the_same_trades() -> None:
    table = pa.Table.from_pylist([VALID, {**VALID, "side": "x"}, {**VALID, "trade_id": None}] * 3)
    lines = b"\n".join(map(encoded, table.to_pylist()))
    of_csv = as_csv(
        list(VALID),
        *[
            ["" if each is None else str(each) for each in row.values()]
            for row in table.to_pylist()
        ],
    )
    expected = list(ndjson_rows([lines], latest_ms))
    assert [verdict(each) for each in expected] == ["ok", "invalid_side", "ok"] * 3
    assert parquet(table) == read_csv(of_csv) == expected


def test_parquet_may_have_types_of_its_own() -> None:
    table = pa.table(
        {
            "symbol": pa.array(["BTCUSDT"] * 3).dictionary_encode(),
            "price": pa.array(["1.50"] * 3).cast(pa.string()).cast(pa.decimal128(10, 2)),
            "quantity": pa.array([2, 3, None], pa.int32()),
            "timestamp": pa.array([NOW * 1_000] * 3, pa.timestamp("us", "UTC")),
            "side": ["buy", "sell", "buy"],
            "trade_id": pa.array([1, None, 2], pa.int64()),
        }
    )
    assert parquet(table) == [
        Trade("BTCUSDT", 1.5, 2.0, NOW, "buy", "1"),
        Trade("BTCUSDT", 1.5, 3.0, NOW, "sell"),
        Fault("missing_field", "quantity is missing"),
    ]


def test_numbers_in_parquet_that_are_none_are_rejected() -> None:
    table = pa.Table.from_pylist([{**VALID, "price": each} for each in (float("nan"), 1e999)])
    assert [verdict(each) for each in parquet(table)] == ["invalid_price"] * 2


def test_a_text_in_parquet_that_is_not_utf8_is_rejected_by_itself() -> None:
    table = pa.Table.from_pylist([VALID, VALID])
    broken = pa.array([b"BTC", b"\xff"]).view(pa.string())
    table = table.set_column(0, "symbol", broken)
    assert [verdict(each) for each in parquet(table)] == ["ok", "invalid_utf8"]


@pytest.mark.parametrize("body", [b"", b"PAR1", b"x" * 100])
def test_what_is_no_parquet_is_refused(body: bytes) -> None:
    with pytest.raises(BadBodyError, match="expected Parquet"):
        list(parquet_rows([body], latest_ms))


def test_parquet_without_a_column_is_refused() -> None:
    with pytest.raises(BadBodyError, match="expected the columns side"):
        parquet(pa.table({name: [VALID[name]] for name in FIELDS[:4]}))
