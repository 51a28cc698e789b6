import json
from itertools import product
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests import oracle
from tests.udfs.makers import NOW_MS, column, decoded, text, trade, trades
from udfs import frames
from udfs.reasons import Field, Reason
from udfs.scanner import BUY, MAX_MESSAGE_BYTES, MAX_RECORDS, SELL
from udfs.trades import Batch, decode


def rows(batch: Batch) -> list[tuple[Any, ...]]:
    """What a batch says of each trade: symbol, price, quantity, timestamp, side, id, exchange."""
    ids = [bytes(i).decode() for i in np.split(batch.ids, np.cumsum(batch.trades["id_length"]))]
    return [
        (
            batch.symbols[t["symbol"]],
            float(t["price"]),
            float(t["quantity"]),
            int(t["timestamp"]),
            {BUY: "buy", SELL: "sell"}[int(t["side"])],
            trade_id,
            batch.exchanges[t["exchange"]] if t["exchange"] >= 0 else "",
        )
        for t, trade_id in zip(batch.trades, ids, strict=False)
    ]


def rejects(batch: Batch) -> list[tuple[int, int, str]]:
    return [(r.row, r.index, r.reason.code) for r in batch.rejects]


def test_a_trade_keeps_every_field() -> None:
    assert rows(decoded(text(trade()))) == [
        ("BTCUSDT", 67012.5, 0.25, NOW_MS, "buy", "7", "BINANCE")
    ]


@given(trades)
def test_every_valid_trade_is_taken(valid: dict[str, Any]) -> None:
    expected = oracle.validate(valid, NOW_MS)
    for message in (text(valid), json.dumps(valid, ensure_ascii=False, indent=1).encode()):
        batch = decoded(message)
        assert rejects(batch) == []
        assert rows(batch) == [tuple(expected)]


FAULTS: list[tuple[bytes | None, Reason, Field]] = [
    (None, Reason.EMPTY_MESSAGE, Field.NONE),
    (b"", Reason.EMPTY_MESSAGE, Field.NONE),
    (b" \n", Reason.EMPTY_MESSAGE, Field.NONE),
    (b"[]", Reason.EMPTY_MESSAGE, Field.NONE),
    (b"[ ]\n", Reason.EMPTY_MESSAGE, Field.NONE),
    (b" " * (MAX_MESSAGE_BYTES + 1), Reason.MESSAGE_TOO_LARGE, Field.NONE),
    (b"[" + b"1," * MAX_RECORDS + b"1]", Reason.TOO_MANY_RECORDS, Field.NONE),
    (b"\xff\xfe", Reason.INVALID_UTF8, Field.NONE),
    (text(trade()).replace(b"BTC", b"\xc3\x28"), Reason.INVALID_UTF8, Field.NONE),
    (b"hello", Reason.INVALID_JSON, Field.NONE),
    (text(trade())[:40], Reason.INVALID_JSON, Field.NONE),
    (text(trade()) + b"}", Reason.INVALID_JSON, Field.NONE),
    (text(trade()) + text(trade()), Reason.INVALID_JSON, Field.NONE),
    (text(trade(price=float("nan"))), Reason.INVALID_JSON, Field.NONE),
    (text(trade(quantity=float("inf"))), Reason.INVALID_JSON, Field.NONE),
    (text(trade()).replace(b"67012.5", b"067012.5"), Reason.INVALID_JSON, Field.NONE),
    (text(trade()).replace(b"67012.5", b"67012."), Reason.INVALID_JSON, Field.NONE),
    (text(trade()).replace(b"67012.5", b"+1"), Reason.INVALID_JSON, Field.NONE),
    (b"[" * 100_000, Reason.INVALID_JSON, Field.NONE),
    (b"42", Reason.NOT_AN_OBJECT, Field.NONE),
    (b'"text"', Reason.NOT_AN_OBJECT, Field.NONE),
    (b"null", Reason.NOT_AN_OBJECT, Field.NONE),
    (b"{}", Reason.MISSING_FIELD, Field.SYMBOL),
    *(
        (
            text({k: v for k, v in trade().items() if k != field.name.lower()}),
            Reason.MISSING_FIELD,
            field,
        )
        for field in list(Field)[1:6]
    ),
    *(
        (text(trade(**{field.name.lower(): True})), Reason.WRONG_TYPE, field)
        for field in list(Field)[1:]
    ),
    (text(trade(symbol=None)), Reason.WRONG_TYPE, Field.SYMBOL),
    (text(trade(symbol=7)), Reason.WRONG_TYPE, Field.SYMBOL),
    (text(trade(price="67012.5")), Reason.WRONG_TYPE, Field.PRICE),
    (text(trade(price=[1])), Reason.WRONG_TYPE, Field.PRICE),
    (text(trade(quantity={})), Reason.WRONG_TYPE, Field.QUANTITY),
    (text(trade(timestamp=1.7e12)), Reason.WRONG_TYPE, Field.TIMESTAMP),
    (text(trade(timestamp=str(NOW_MS))), Reason.WRONG_TYPE, Field.TIMESTAMP),
    (text(trade(side=1)), Reason.WRONG_TYPE, Field.SIDE),
    (text(trade(trade_id=1.5)), Reason.WRONG_TYPE, Field.TRADE_ID),
    (text(trade(exchange=1)), Reason.WRONG_TYPE, Field.EXCHANGE),
    (text(trade(symbol="")), Reason.INVALID_SYMBOL, Field.SYMBOL),
    (text(trade(symbol="X" * 33)), Reason.INVALID_SYMBOL, Field.SYMBOL),
    (text(trade(symbol="é" * 33)), Reason.INVALID_SYMBOL, Field.SYMBOL),
    (text(trade(symbol="\ud800")), Reason.INVALID_SYMBOL, Field.SYMBOL),
    (text(trade(price=0)), Reason.INVALID_PRICE, Field.PRICE),
    (text(trade(price=-0.0)), Reason.INVALID_PRICE, Field.PRICE),
    (text(trade(price=-1.5)), Reason.INVALID_PRICE, Field.PRICE),
    (text(trade(price=1e16)), Reason.INVALID_PRICE, Field.PRICE),
    (text(trade()).replace(b"67012.5", b"1e999"), Reason.INVALID_PRICE, Field.PRICE),
    (text(trade(quantity=0)), Reason.INVALID_QUANTITY, Field.QUANTITY),
    (text(trade(quantity=-3)), Reason.INVALID_QUANTITY, Field.QUANTITY),
    (text(trade(price=1e10, quantity=1e10)), Reason.INVALID_NOTIONAL, Field.QUANTITY),
    (text(trade(timestamp=946_684_799_999)), Reason.TIMESTAMP_TOO_OLD, Field.TIMESTAMP),
    (text(trade(timestamp=-5)), Reason.TIMESTAMP_TOO_OLD, Field.TIMESTAMP),
    (text(trade(timestamp=NOW_MS + 60_001)), Reason.TIMESTAMP_AHEAD, Field.TIMESTAMP),
    (text(trade(timestamp=10**30)), Reason.TIMESTAMP_AHEAD, Field.TIMESTAMP),
    (text(trade(side="BUY")), Reason.INVALID_SIDE, Field.SIDE),
    (text(trade(side="")), Reason.INVALID_SIDE, Field.SIDE),
    (text(trade(trade_id="")), Reason.INVALID_TRADE_ID, Field.TRADE_ID),
    (text(trade(trade_id="7" * 65)), Reason.INVALID_TRADE_ID, Field.TRADE_ID),
    (text(trade(trade_id="\U0001f4c8" * 64)), Reason.INVALID_TRADE_ID, Field.TRADE_ID),
    (text(trade(exchange="")), Reason.INVALID_EXCHANGE, Field.EXCHANGE),
    (text(trade(exchange="E" * 33)), Reason.INVALID_EXCHANGE, Field.EXCHANGE),
]


@pytest.mark.parametrize(("message", "reason", "field"), FAULTS)
def test_a_broken_message_is_rejected_with_its_reason_and_bytes_and_all_others_count(
    message: bytes | None, reason: Reason, field: Field
) -> None:
    batch = decoded(text(trade()), message, text(trade()))
    (reject,) = batch.rejects
    assert (reject.row, reject.index, reject.reason, reject.field) == (1, 0, reason, field)
    assert reject.payload == (message or b"")
    assert batch.trades["row"].tolist() == [0, 2]


RECORDS = [
    fault
    for fault in FAULTS
    if fault[0]
    and fault[0].startswith(b"{")
    and fault[0].endswith(b"}")
    and fault[0].count(b"}") == 1
]
"""Those that can stand in an array without breaking it."""


@pytest.mark.parametrize("form", ["array", "lines"])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(("record", "reason", "field"), RECORDS)
def test_a_broken_record_is_rejected_by_itself(
    record: bytes, reason: Reason, field: Field, place: int, form: str
) -> None:
    records = [text(trade()), text(trade())]
    records.insert(place, record)
    message = b"[" + b" ,\n".join(records) + b"]" if form == "array" else b"\r\n".join(records)
    batch = decoded(message)
    (reject,) = batch.rejects
    assert (reject.index, reject.reason, reject.field) == (place, reason, field)
    assert reject.payload.strip() == record
    assert batch.trades.size == 2


@pytest.mark.parametrize("end", [b"", b"]]", b"] x", b"}", b","])
def test_an_array_that_does_not_close_is_rejected_whole(end: bytes) -> None:
    message = b"[" + text(trade()) + b"," + text(trade()) + end
    batch = decoded(message)
    assert rejects(batch) == [(0, 0, "invalid_json")]
    assert batch.rejects[0].payload == message
    assert batch.trades.size == 0


def test_an_object_inside_another_is_not_a_trade() -> None:
    message = b'{"trade":\n' + text(trade()) + b"\n}"
    assert rejects(decoded(message)) == [(0, 0, "missing_field")]


@pytest.mark.parametrize("first", [b"", text(trade()) + b"\n"])
def test_a_line_is_a_record_even_if_the_next_would_complete_it(first: bytes) -> None:
    wrapped = text(trade()).replace(b",", b",\n", 1)
    batch = decoded(first + wrapped + b"\n" + text(trade()))
    assert batch.trades.size == 1 + bool(first)
    assert [reject.reason for reject in batch.rejects] == [Reason.INVALID_JSON] * 2


def test_a_number_may_have_more_digits_than_python_reads() -> None:
    message = text(trade()).replace(b"67012.5", b"1" * 5_000)
    assert rejects(decoded(message)) == [(0, 0, "invalid_price")]


def test_lines_of_which_none_is_json_are_one_broken_message() -> None:
    assert rejects(decoded(b"{a}\n{b}\nc")) == [(0, 0, "invalid_json")]


def test_the_last_of_two_equal_keys_counts() -> None:
    message = text(trade()).replace(b'"price":', b'"price":"text","price":')
    assert rows(decoded(message))[0][1] == 67012.5


def test_the_bound_of_the_future_is_each_record_s_own() -> None:
    messages = column(text(trade()), text(trade()))
    times = np.array([NOW_MS - 1, NOW_MS - 2], np.int64)
    (batch,) = decode(messages, times, np.zeros(2, np.int32), np.arange(2), 1)
    assert batch.trades["row"].tolist() == [0]
    assert rejects(batch) == [(1, 0, "timestamp_ahead")]


def test_ids_that_are_numbers_compare_as_numbers() -> None:
    batch = decoded(*(text(trade(trade_id=i)) for i in (9, "10", 2**62)))
    keys = [(int(t["id_high"]), int(t["id_low"])) for t in batch.trades]
    assert keys == sorted(keys)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
broken_trades = st.tuples(
    trades,
    st.dictionaries(
        st.sampled_from([f.name.lower() for f in list(Field)[1:]]), json_values, max_size=2
    ),
).map(lambda pair: {**pair[0], **pair[1]})
bytes_of_messages = st.one_of(
    st.binary(max_size=80),
    broken_trades.map(text),
    json_values.map(text),
    st.lists(broken_trades.map(text) | json_values.map(text), max_size=4).map(b"\n".join),
    st.lists(broken_trades | json_values, max_size=4).map(text),
    # A valid message with a few bytes written over.
    st.tuples(
        st.lists(trades.map(text), min_size=1, max_size=3).map(b"\n".join),
        st.integers(0, 10_000),
        st.binary(min_size=0, max_size=3),
    ).map(lambda t: t[0][: t[1] % len(t[0])] + t[2] + t[0][t[1] % len(t[0]) + len(t[2]) :]),
)


def assert_judged_as_by_the_contract(messages: list[bytes]) -> None:
    batch = decoded(*messages)
    expected = [oracle.read(oracle.Message(message, NOW_MS)) for message in messages]
    assert sorted(rejects(batch)) == [
        (row, fault.index, fault.reason)
        for row, (_, faults) in enumerate(expected)
        for fault in faults
    ]
    assert sorted(rows(batch)) == sorted(
        tuple(valid) for valid_trades, _ in expected for valid in valid_trades
    )


@given(st.lists(bytes_of_messages, min_size=1, max_size=6))
@example([b"\x00"])
def test_whatever_comes_is_judged_as_the_contract_judges_it(messages: list[bytes]) -> None:
    assert_judged_as_by_the_contract(messages)


members = {
    "symbol": st.sampled_from(['"A"', '"BTCUSDT"', '"ETH-PERPETUAL"']),
    "price": st.from_regex(r"[1-9][0-9]{0,9}(\.[0-9]{1,9})?", fullmatch=True),
    "quantity": st.from_regex(r"0\.[0-9]{0,6}[1-9]|[1-9]", fullmatch=True),
    "timestamp": st.integers(NOW_MS - 1000, NOW_MS).map(str),
    "side": st.sampled_from(['"buy"', '"sell"']),
    "trade_id": st.integers(0, 10**17).map(str),
    "exchange": st.sampled_from(['"X"', '"BINANCE"', "null"]),
    "sequence": st.integers(0, 10**9).map(str),
}
strange = st.one_of(
    st.from_regex(r"-?[0-9]{1,3}(\.[0-9]{0,9})?([eE][+-]?[0-9]{0,2})?[-. x]?", fullmatch=True),
    st.from_regex(r"0[0-9]{1,17}(\.[0-9]{1,9})?", fullmatch=True),
    st.from_regex(r"[0-9]{7,18}(\.[0-9]{0,9})?", fullmatch=True),
    st.sampled_from(['"B\\u0041"', '"', "true", '"buy" ', '"A",', "{}"]),
)


@st.composite
def records_of_like_writers(draw: st.DrawFn) -> list[bytes]:
    """Records of some writers in turn, which differ in little, and a few of them broken.

    The scanner expects of each record what it saw in the one before.
    """
    keys = draw(st.permutations(sorted(members)))
    swapped = [keys[1], keys[0], *keys[2:]]
    misspelt = [key.replace("ol", "o1").replace("ty", "tY") for key in keys]
    writers = draw(
        st.lists(
            st.tuples(
                st.sampled_from([keys, keys, swapped, misspelt]),
                st.sampled_from([",", ", "]),
                st.sampled_from([":", ": "]),
            ),
            min_size=1,
            max_size=3,
        )
    )
    records = []
    for _ in range(draw(st.integers(2, 6))):
        order, comma, colon = draw(st.sampled_from(writers))
        values = {key: draw(member) for key, member in members.items()}
        if draw(st.booleans()):
            values[draw(st.sampled_from(keys))] = draw(strange)
        written = [f'"{key}"{colon}{values.get(key, 1)}' for key in order]
        records.append(f"{{{comma.join(written)}}}".encode())
    return records


@given(records_of_like_writers(), st.sampled_from(["single", "array", "lines"]))
def test_what_a_record_looks_like_says_nothing_of_the_next(records: list[bytes], form: str) -> None:
    match form:
        case "array":
            messages = [b"[" + b",".join(records) + b"]"]
        case "lines":
            messages = [b"\n".join(records)]
        case _:
            messages = records
    assert_judged_as_by_the_contract(messages)


def test_usual_records_of_other_writers_are_read_by_the_scanner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    swapped = dict(reversed(list(trade().items())))
    writers = [
        text(trade()),
        json.dumps(trade()).encode(),
        json.dumps(swapped).encode(),
        json.dumps(trade(), separators=(" , ", ": ")).encode(),
        json.dumps({**trade(), "sequence": 7}, indent=1).encode(),
        text({"sequence": 7, **swapped}),
        text(trade(price=0.000125, quantity=123456789.5, timestamp=NOW_MS - 1)),
    ]

    def careful(payload: bytes) -> NoReturn:
        raise AssertionError(payload)

    monkeypatch.setattr("udfs.trades._value", careful)
    batch = decoded(*(each for pair in product(writers, writers) for each in pair))
    assert (len(batch.trades), rejects(batch)) == (2 * len(writers) ** 2, [])


@given(st.lists(bytes_of_messages, min_size=1, max_size=8), st.data())
def test_a_batch_may_be_cut_anywhere(messages: list[bytes], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(messages)))
    whole = decoded(*messages)
    parts = [decoded(*part) for part in (messages[:cut], messages[cut:]) if part]
    assert sorted(rows(whole)) == sorted(row for part in parts for row in rows(part))
    assert len(whole.rejects) == sum(len(part.rejects) for part in parts)


@pytest.mark.parametrize("last", [text(trade()), text(trade())[:-1], b"{", b"", None])
def test_the_end_of_the_memory_is_the_end_of_the_last_message(last: bytes | None) -> None:
    exact = pa.array([text(trade()), last], pa.binary())
    times, sources = np.full(2, NOW_MS, np.int64), np.zeros(2, np.int32)
    (batch,) = decode(exact, times, sources, np.arange(2), 0)
    expected = decoded(text(trade()), last)
    assert rows(batch) == rows(expected)
    assert rejects(batch) == rejects(expected)


@pytest.mark.parametrize("last", ["symbol", "price", "quantity", "timestamp", "side", "trade_id"])
def test_a_short_field_at_the_end_of_the_memory_is_read(last: str) -> None:
    short: dict[str, Any] = {**trade(), "symbol": "A", "price": 5, "quantity": 1, "trade_id": 7}
    short[last] = short.pop(last)
    message = json.dumps(short, separators=(",", ":")).encode()
    exact = pa.array([message], pa.binary())
    (batch,) = decode(exact, np.array([NOW_MS]), np.zeros(1, np.int32), np.zeros(1, np.int64), 0)
    assert (len(batch.trades), len(batch.rejects)) == (1, 0)


def test_a_trade_says_where_it_stood() -> None:
    messages = column(text(trade()), b"?", text([trade(), trade()]))
    times = np.full(3, NOW_MS, np.int64)
    sources, offsets = np.array([1, 1, 65_536], np.int32), np.array([7, 8, 2**40])
    (batch,) = decode(messages, times, sources, offsets, 0)
    assert batch.trades["source"].tolist() == [1, 65_536, 65_536]
    assert batch.trades["offset"].tolist() == [7, 2**40, 2**40]


def all_decoded(*messages: bytes) -> list[Batch]:
    n = len(messages)
    return decode(column(*messages), np.full(n, NOW_MS), np.zeros(n, np.int32), np.arange(n), 0)


def test_large_batches_come_in_several_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("udfs.buffers.CHUNK_BYTES", 1_000)
    messages = [text(trade(trade_id=i)) if i % 3 else b"?" for i in range(100)]
    batches = all_decoded(*messages)
    assert len(batches) > 5
    taken = [row for batch in batches for row in batch.trades["row"].tolist()]
    rejected = [reject.row for batch in batches for reject in batch.rejects]
    assert taken == [i for i in range(100) if i % 3]
    assert rejected == [i for i in range(100) if not i % 3]
    assert sum(len(frames.split(batch, 4)) for batch in batches) == len(batches)


def test_more_names_than_there_are_codes_are_told_apart() -> None:
    names = [f"X{i}" for i in range(40_000)]
    batches = all_decoded(*[text(trade(exchange=name)) for name in names])
    found = [b.exchanges[code] for b in batches for code in b.trades["exchange"].tolist()]
    assert found == names
    batches = all_decoded(
        text([trade(symbol=name) for name in names[:7_000]]),
        *[
            text([trade(symbol=name) for name in names[at : at + 1_000]])
            for at in range(7_000, 40_000, 1_000)
        ],
    )
    assert [b.symbols[code] for b in batches for code in b.trades["symbol"].tolist()] == names
