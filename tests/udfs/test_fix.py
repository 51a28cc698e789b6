"""The laws of FIX 4.2 messages, and of the records that hold them."""

import random
from collections import Counter
from math import isnan
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import simplefix
from hypothesis import given
from hypothesis import strategies as st

from scripts.generate.feed import Feed
from scripts.generate.orders import Mix, blocks
from tests import fix_reference as reference
from tests.fix_mutants import mutants, valid
from tests.fix_reference import SOH, Fault, framed, make
from tests.udfs.makers import column
from udfs import fix_rules
from udfs.fix import NO_TIME, Messages, decode
from udfs.fix42 import SESSION
from udfs.fix_scanner import MAX_UNKNOWN_FIELDS
from udfs.scanner import MAX_MESSAGE_BYTES, MAX_RECORDS

TIME = "20260102-03:04:05.678"
HEADER: list[tuple[int, object]] = [(49, "A"), (56, "B"), (34, 1), (52, TIME)]
ORDER: list[tuple[int, object]] = [
    *[(11, "one"), (21, 1), (55, "BTC-USD"), (54, 1), (60, TIME)],
    *[(38, 100), (40, 2), (44, "101.25")],
]


def order(*more: tuple[int, object], without: int = 0, **changes: object) -> bytes:
    """A valid order, with more fields, without one, or with others: ``t44="1"``."""
    values = {int(name[1:]): value for name, value in changes.items()}
    fields = [(tag, values.get(tag, value)) for tag, value in [*HEADER, *ORDER] if tag != without]
    return make((35, values.get(35, "D")), *fields, *more)


def decoded(*records: bytes | None) -> Messages:
    """The one batch of some records."""
    (batch,) = decode(column(*records))
    return batch


def texts(batch: Messages, tag: int) -> list[bytes]:
    return [batch.data[at : at + n].tobytes() for at, n in batch.place(tag).tolist()]


def rows(batch: Messages) -> list[int]:
    found: list[int] = batch.places[:, 0].tolist()
    return found


def symbols(batch: Messages) -> list[bytes]:
    return [batch.symbols[code] if code >= 0 else b"" for code in batch.names[:, 0]]


def test_a_type_that_is_not_read_is_named() -> None:
    rejects = decoded(order(t35="E"), order(t35="N"), order(t35="E")).rejects
    types = "NewOrderList (E)", "ListStatus (N)", "NewOrderList (E)"
    assert [rejects.texts(reject) for reject in rejects] == [
        ("unsupported_message_type", f"MsgType (35) is a type that is not read: {type}")
        for type in types
    ]


def faults(batch: Messages) -> list[Fault]:
    return [Fault(reject.reason.code, reject.field) for reject in batch.rejects]


def test_an_order_keeps_every_field() -> None:
    batch = decoded(order())
    assert not batch.rejects
    assert batch.types.tolist() == [b"D"]
    assert symbols(batch) == [b"BTC-USD"]
    assert (texts(batch, 11), texts(batch, 41)) == ([b"one"], [b""])
    assert (batch.number(38).tolist(), batch.number(44).tolist()) == ([100.0], [101.25])
    assert np.isnan(batch.number(31)).all()
    assert (batch.character(54).tolist(), batch.character(150).tolist()) == ([b"1"], [b""])
    assert batch.time(60).tolist() == [reference.micros(TIME.encode())]


FAULTS: list[tuple[bytes, str, int]] = [
    (b"hello", "not_fix", 0),
    (b'{"symbol":"A"}', "not_fix", 0),
    (make((35, "0"), *HEADER, begin="FIX.4.4"), "invalid_begin_string", 8),
    (b"8=FIX.4.2", "invalid_begin_string", 8),
    (order()[:10], "tag_out_of_order", 9),
    (order().replace(b"\x019=", b"\x0134="), "tag_out_of_order", 9),
    (order()[:-1], "invalid_body_length", 9),
    (order().replace(b"\x019=", b"\x019=1"), "invalid_body_length", 9),
    (order().replace(b"\x019=", b"\x019=-"), "invalid_body_length", 9),
    (b"8=FIX.4.2\x019=99999999\x01", "invalid_body_length", 9),
    (order()[:-4] + b"256\x01", "invalid_checksum", 10),
    (order()[:-4] + b"1e1\x01", "invalid_checksum", 10),
    (order().replace(b"BTC", b"BTD"), "invalid_checksum", 10),
    (make(*HEADER, (35, "D"), *ORDER), "tag_out_of_order", 35),
    (framed(b""), "tag_out_of_order", 35),
    (order(t35=""), "empty_value", 35),
    (order(t35="*"), "invalid_message_type", 35),
    (order(t35="AE"), "invalid_message_type", 35),
    (order(t35="E"), "unsupported_message_type", 35),
    (make((35, "D"), *HEADER[:2], *ORDER, *HEADER[2:]), "tag_out_of_order", 34),
    (make((35, "D"), *HEADER, (43, "Y"), *ORDER), "missing_tag", 122),
    (make((35, "D"), *HEADER, (43, "Y"), (122, "20991231-00:00:00"), *ORDER), "invalid_value", 122),
    (order((89, "x")), "tag_out_of_order", 89),
    (order((93, 1), (89, "x"), (58, "after")), "tag_out_of_order", 58),
    (order((93, 1), (89, "x"), (9_999, "after")), "tag_out_of_order", 9_999),
    (order((10, "000")), "tag_out_of_order", 10),
    (order(t55=""), "empty_value", 55),
    (order((40, 2)), "duplicate_tag", 40),
    (order((8, "FIX.4.2")), "duplicate_tag", 8),
    (order((35, "D")), "duplicate_tag", 35),
    (order((9_999, 1), (9_999, 2)), "duplicate_tag", 9_999),
    (order((31, "1.5")), "tag_not_allowed", 31),
    (order((79, "outside of its group")), "tag_not_allowed", 79),
    (order((0, "x")), "malformed_field", 0),
    (order((-1, "x")), "malformed_field", 0),
    (framed(b"35=D\x0144\x01"), "malformed_field", 44),
    (framed(b"35=D\x01044=1\x01"), "malformed_field", 44),
    (framed(b"35=D\x01\x01"), "malformed_field", 0),
    (order(without=55), "missing_tag", 55),
    (order(without=56), "missing_tag", 56),
    (order((354, 3)), "missing_tag", 355),
    (order((354, 3), (58, "abc")), "missing_tag", 355),
    (order((355, "abc")), "tag_out_of_order", 355),
    (order((354, 2), (355, "abc")), "invalid_format", 355),
    (order((354, 10**17), (355, "abc")), "invalid_format", 355),
    (order((354, "-3"), (355, "abc")), "invalid_format", 354),
    (order((354, 0), (355, "")), "empty_value", 355),
    (order((386, 3), (336, "A"), (336, "B"), (77, "O")), "invalid_group", 386),
    (order((386, 1), (336, "A"), (336, "B")), "invalid_group", 386),
    (order((386, -1), (336, "A")), "invalid_value", 386),
    (order((78, 1), (80, 5), (79, "A")), "invalid_group", 80),
    (order((78, 1), (79, "A"), (80, 5), (80, 6)), "duplicate_tag", 80),
    *((order(t38=each), "invalid_format", 38) for each in ("+2", "1e3", ".", "-", "1.2.3", "0x1")),
    *((order(t54=each), "invalid_value", 54) for each in ("0", "A", "\x7f")),
    (order(t54="12"), "invalid_format", 54),
    (order(t54="é".encode("latin-1")), "invalid_value", 54),
    (order(t40="O"), "invalid_value", 40),
    (order((59, 7)), "invalid_value", 59),
    (order((167, "BOO")), "invalid_value", 167),
    (order((167, "CS\0")), "invalid_value", 167),
    (order((18, "1,2")), "invalid_format", 18),
    (order((18, "1 2 ")), "invalid_format", 18),
    (order((18, "1 j")), "invalid_value", 18),
    (order((121, "y")), "invalid_value", 121),
    (order((201, "1.0")), "invalid_format", 201),
    (order((201, 2)), "invalid_value", 201),
    *(
        (order(t60=each), "invalid_format", 60)
        for each in (
            *("20260102-03:04:05.67", "20260102-03:04:05.6789", "20260102-03:04", "20260102"),
            *("20260229-03:04:05", "20261301-03:04:05", "20260100-03:04:05", "20260102-24:00:00"),
            *("20260102-03:60:00", "20260102-03:04:60", "20260102 03:04:05", "20260102-03.04.05"),
        )
    ),
    (order((64, "20260230")), "invalid_format", 64),
    (order((200, "202613")), "invalid_format", 200),
    (order((205, 32)), "invalid_format", 205),
    (b"", "empty_message", 0),
    (b"\r\n ", "empty_message", 0),
    (b" " * MAX_MESSAGE_BYTES + b" ", "message_too_large", 0),
    (b"8=FIX...\n" * (MAX_RECORDS + 1), "too_many_records", 0),
    (order(*((1_000 + i, 1) for i in range(MAX_UNKNOWN_FIELDS + 1))), "too_many_fields", 1_256),
]


@pytest.mark.parametrize(("record", "reason", "tag"), FAULTS)
def test_a_broken_message_is_rejected_with_its_reason(record: bytes, reason: str, tag: int) -> None:
    batch = decoded(order(), record, order())
    assert faults(batch) == [Fault(reason, tag)]
    assert batch.rejects[0].payload == record
    assert (batch.rejects[0].row, batch.rejects[0].index) == (1, 0)
    assert batch.types.tolist() == [b"D", b"D"]


def test_the_end_of_memory_is_never_passed() -> None:
    (batch,) = decode(pa.array([order()]))
    assert batch.types.tolist() == [b"D"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("100", 100.0), ("0100", 100.0), ("23.0000", 23.0), ("-7", -7.0), ("1.", 1.0)],
        *[
            (".5", 0.5),
            ("-.5", -0.5),
            ("0", 0.0),
            ("98765432109876543210", 98765432109876543210.0),
        ],
        ("0." + "0" * 40 + "1", 1e-41),
    ],
)
def test_a_number_is_the_nearest_double(text: str, number: float) -> None:
    batch = decoded(order(t44=text))
    assert faults(batch) == []
    assert batch.number(44).tolist() == [number]


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("19700101-00:00:00", 0),
        ("20240229-23:59:59.999", 1_709_251_199_999_000),
        ("19991231-23:59:59.000001", 946_684_799_000_001),
    ],
)
def test_a_time_has_no_milliseconds_or_three_or_six_decimals(text: str, micros: int) -> None:
    assert decoded(order(t60=text)).time(60).tolist() == [micros]


def test_what_a_message_does_not_have_is_empty() -> None:
    reject = make((35, "9"), *HEADER, (37, "x"), (11, "y"), (41, "z"), (39, 8), (434, 1))
    batch = decoded(reject)
    assert batch.names.tolist() == [[-1, -1]]
    assert batch.time(60).tolist() == [NO_TIME]
    assert batch.character(54).tolist() == [b""]
    assert texts(batch, 55) == [b""]


def test_a_possible_copy_was_sent_first_at_its_time_or_before() -> None:
    for copy in (
        [(43, "Y"), (122, "20260102-03:04:05")],
        [(43, "N")],
        [(122, "20991231-00:00:00")],
    ):
        assert faults(decoded(make((35, "D"), *HEADER, *copy, *ORDER))) == []


def test_data_may_hold_anything() -> None:
    data = b"\x018=FIX.4.2\x0110=000\x01"
    batch = decoded(order((354, len(data)), (355, data)) * 2)
    assert faults(batch) == []
    assert rows(batch) == [0, 0]


def test_a_group_may_come_any_number_of_times_and_tags_again_in_it() -> None:
    one = order((78, 2), (79, "A"), (80, 5), (79, "B"), (386, 0), (77, "O"))
    assert faults(decoded(one)) == []


def test_unknown_tags_are_kept_aside() -> None:
    batch = decoded(order(), order((880, "match"), (9_999, "own")))
    found = [
        (m, tag, batch.data[at : at + n].tobytes()) for m, tag, at, n in batch.unknown.tolist()
    ]
    assert found == [(1, 880, b"match"), (1, 9_999, b"own")]


@pytest.mark.parametrize("type", SESSION)
def test_session_messages_are_counted_and_skipped(type: str) -> None:
    pick = random.Random(type)
    messages = (valid(pick) for _ in range(10_000))
    of_session = [each for each in messages if b"\x0135=%s\x01" % type.encode() in each][:3]
    batch = decoded(order(), b"".join(of_session), order())
    assert batch.sessions.tolist() == [0, 3, 0]
    assert rows(batch) == [0, 2]
    assert not batch.rejects


def test_a_broken_message_costs_none_of_its_neighbours() -> None:
    broken = order()[:-4] + b"999\x01"
    record = (
        order(t11="a") + broken + order(t11="b") + b"\r\n" + broken[:90] + b"\n" + order(t11="c")
    )
    batch = decoded(record)
    assert texts(batch, 11) == [b"a", b"b", b"c"]
    assert [(reject.index, reject.payload) for reject in batch.rejects] == [
        (1, broken),
        (3, broken[:90] + b"\n"),
    ]


def test_symbols_have_one_code_each() -> None:
    names = [b"A", b"B" * 8, b"A", b"B" * 9, b"C" * 40, b"B" * 8]
    batch = decoded(*(order(t55=name) for name in names))
    assert symbols(batch) == names
    assert len(batch.symbols) == 4


@pytest.mark.parametrize("headers", [1, 15, 16, 17, 500])
def test_one_message_inside_of_many_headers_is_found(headers: int) -> None:
    """Each header's length leads to the same trailer; the sum is that of the innermost."""
    record = order()
    expected = []
    for _ in range(headers):
        record = b"8=FIX.4.2\x019=%d\x01" % (len(record) - 7) + record
        is_sum = sum(record[:-7]) % 256 == int(record[-4:-1])
        expected.append("tag_out_of_order" if is_sum else "invalid_checksum")
    batch = decoded(order(), record + order(), order())
    # A message whose sum is right ends at its trailer, with all that is inside of it.
    found = [reject.reason.code for reject in batch.rejects]
    inside = expected[::-1]
    if "tag_out_of_order" in inside:
        inside = inside[: inside.index("tag_out_of_order") + 1]
        assert batch.types.size == 3
    else:
        assert batch.types.size == 4
    assert found == inside


def test_batches_are_cut_without_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = list(mutants(1, 300))
    whole = decoded(*messages)
    monkeypatch.setattr("udfs.buffers.CHUNK_BYTES", 2_000)
    parts = decode(column(*messages))
    assert len(parts) > 10
    assert (
        np.concatenate([part.places[:, 0] for part in parts]).tolist()
        == whole.places[:, 0].tolist()
    )
    assert [reject for part in parts for reject in part.rejects] == list(whole.rejects)
    assert [name for part in parts for name in symbols(part)] == symbols(whole)


bodies = st.binary(max_size=60).map(lambda body: framed(body + SOH))


@given(st.lists(st.binary(max_size=300) | bodies, min_size=1))
def test_no_bytes_make_it_raise(records: list[bytes]) -> None:
    batch = decoded(*records)
    assert {reject.row for reject in batch.rejects} == set(range(len(records)))


def kept(batch: Messages) -> list[dict[int, Any]]:
    """Of each message its type and all values that are kept of it, by tag; None for no number."""
    views: dict[int, list[Any]] = {35: [type.decode() for type in batch.types.tolist()]}
    for tag in fix_rules.NUMBERS:
        views[tag] = [None if isnan(value) else value for value in batch.number(tag).tolist()]
    views |= {tag: batch.time(tag).tolist() for tag in fix_rules.TIMES}
    views |= {tag: batch.character(tag).tolist() for tag in fix_rules.CHARACTERS}
    views |= {tag: texts(batch, tag) for tag in fix_rules.TEXTS}
    return [dict(zip(views, values, strict=True)) for values in zip(*views.values(), strict=True)]


def as_kept(message: reference.Message) -> dict[int, Any]:
    """The same, of what the reference says."""
    fields = message.fields
    found: dict[int, Any] = {35: message.type}
    found |= {tag: float(fields[tag]) if tag in fields else None for tag in fix_rules.NUMBERS}
    found |= {
        tag: reference.micros(fields[tag]) if tag in fields else NO_TIME for tag in fix_rules.TIMES
    }
    found |= {tag: fields.get(tag, b"") for tag in (*fix_rules.CHARACTERS, *fix_rules.TEXTS)}
    return found


@pytest.mark.parametrize("seed", range(10))
def test_a_million_mutants_are_judged_as_the_reference_does(seed: int) -> None:
    seen: Counter[str] = Counter()
    made = mutants(seed, 100_000)
    while records := [message for message, _ in zip(made, range(20_000), strict=False)]:
        batch = decoded(*records)
        verdicts: list[reference.Message | Fault | None] = [None] * len(records)
        for reject in reversed(batch.rejects):
            if reject.index == 0:
                verdicts[reject.row] = Fault(reject.reason.code, reject.field)
        first = np.unique(batch.places[:, 0], return_index=True)
        messages = dict(zip(first[0].tolist(), first[1].tolist(), strict=True))
        values = kept(batch)
        for row, (record, verdict) in enumerate(zip(records, verdicts, strict=True)):
            message = record.lstrip(b" \r\n")
            expected = reference.judge(message) if message else Fault("empty_message", 0)
            if isinstance(expected, Fault):
                assert verdict == expected, record
                seen[expected.reason] += 1
                continue
            assert verdict is None, record
            seen[expected.type] += 1
            if expected.type not in SESSION:
                assert values[messages[row]] == as_kept(expected), record
    # Each kind of message and fault was among them, or this says little.
    assert {"D", "F", "G", "8", "9", "0", "A"} < set(seen)
    assert len(seen) > 26


def test_what_simplefix_reads_of_a_message_is_what_is_kept() -> None:
    pick = random.Random(5)
    feed = Feed(count=2_000, rate=2_000)
    records = [valid(pick) for _ in range(2_000)]
    records += [each.value for block in blocks(feed, Mix(98, 2)) for each in block]
    batch = decoded(*records)
    assert faults(batch) == []
    for row, values in zip(rows(batch), kept(batch), strict=True):
        parser = simplefix.FixParser()
        parser.append_buffer(records[row])
        message = parser.get_message()
        fields = {int(tag): value for tag, value in reversed(message.pairs)}
        same = reference.Message(fields[35].decode(), fields, [])
        assert values == as_kept(same), records[row]


def test_more_symbols_than_there_are_codes_are_told_apart() -> None:
    names = [f"S{number}" for number in range(20_000)]
    batches = decode(column(*[order(t55=name) for name in names]))
    assert len(batches) > 1
    assert [name for batch in batches for name in symbols(batch)] == [n.encode() for n in names]
