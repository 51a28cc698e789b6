import json
from itertools import permutations
from typing import Any

import pytest

from tests.oracle import INTERVALS, Message, Rejected, Trade, candles, expected, read

NOON = 1_767_268_800_000  # 2026-01-01 12:00 UTC
GOOD: dict[str, Any] = {
    "symbol": "AAPL",
    "price": 250.5,
    "quantity": 2,
    "timestamp": NOON,
    "side": "buy",
}


def encode(**changes: Any) -> bytes:
    return json.dumps(GOOD | changes).encode()


def without(field: str) -> bytes:
    return json.dumps({name: value for name, value in GOOD.items() if name != field}).encode()


def reasons(value: bytes | None, timestamp: int = NOON) -> list[tuple[int, str]]:
    return [(fault.index, fault.reason) for fault in read(Message(value, timestamp))[1]]


def test_a_good_trade_is_read_whole() -> None:
    value = encode(trade_id=17, exchange="XNAS", condition="@", price=250)
    assert read(Message(value, NOON)) == (
        [Trade("AAPL", 250.0, 2.0, NOON, "buy", "17", "XNAS")],
        [],
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty_message"),
        (b"", "empty_message"),
        (b" \r\n", "empty_message"),
        (b" [ ]", "empty_message"),
        (b"[" + b"7," * 20_000 + b"7]", "too_many_records"),
        (b"7\n" * 20_001, "too_many_records"),
        (b"\xff\xfe", "invalid_utf8"),
        (encode().replace(b"AAPL", b"AAP\xc3"), "invalid_utf8"),
        (b"nonsense", "invalid_json"),
        (encode()[:-1], "invalid_json"),
        (encode() + b"," + encode(), "invalid_json"),
        (encode(price=float("nan")), "invalid_json"),
        (encode(price=float("inf")), "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (json.dumps(GOOD, indent=1).encode()[:-1], "invalid_json"),
        (b"42", "not_an_object"),
        (b"null", "not_an_object"),
        (b'"AAPL"', "not_an_object"),
        (b" " * (1 << 20) + encode(), "message_too_large"),
        (without("symbol"), "missing_field"),
        (without("price"), "missing_field"),
        (without("quantity"), "missing_field"),
        (without("timestamp"), "missing_field"),
        (without("side"), "missing_field"),
        (encode(symbol=None), "wrong_type"),
        (encode(price="250.5"), "wrong_type"),
        (encode(price=True), "wrong_type"),
        (encode(quantity=None), "wrong_type"),
        (encode(timestamp=float(NOON)), "wrong_type"),
        (encode(timestamp=str(NOON)), "wrong_type"),
        (encode(side=1), "wrong_type"),
        (encode(trade_id=1.5), "wrong_type"),
        (encode(trade_id=True), "wrong_type"),
        (encode(exchange=7), "wrong_type"),
        (encode(symbol=""), "invalid_symbol"),
        (encode(symbol="\ud800"), "invalid_symbol"),
        (encode(symbol="A" * 33), "invalid_symbol"),
        (encode(price=0), "invalid_price"),
        (encode(price=-1.5), "invalid_price"),
        (encode(price=1.1e15), "invalid_price"),
        (encode().replace(b"250.5", b"1e999"), "invalid_price"),
        (encode().replace(b"250.5", b"9" * 5_000), "invalid_price"),
        (encode(quantity=0), "invalid_quantity"),
        (encode(quantity=10**400), "invalid_quantity"),
        (encode(quantity=9e-16), "invalid_quantity"),
        (encode(price=1e10, quantity=1.1e8), "invalid_notional"),
        (encode(side="BUY"), "invalid_side"),
        (encode(trade_id=""), "invalid_trade_id"),
        (encode(trade_id="9" * 65), "invalid_trade_id"),
        (encode(trade_id=10**64), "invalid_trade_id"),
        (encode(trade_id="é" * 33), "invalid_trade_id"),
        (encode(exchange=""), "invalid_exchange"),
        (encode(exchange="X" * 33), "invalid_exchange"),
        (encode(timestamp=946_684_799_999), "timestamp_too_old"),
        (encode(timestamp=NOON + 60_001), "timestamp_ahead"),
        (encode(timestamp=10**30), "timestamp_ahead"),
    ],
)
def test_a_bad_message_is_one_dead_letter(value: bytes | None, reason: str) -> None:
    assert reasons(value) == [(0, reason)]


@pytest.mark.parametrize(
    "value",
    [
        encode(symbol="Ä" * 32),
        encode(price=1e15, quantity=1),
        encode(price=1e10, quantity=1e8),
        encode(quantity=1e-15),
        encode(trade_id="9" * 64, exchange="X" * 32),
        encode(trade_id=None, exchange=None),
        encode(timestamp=946_684_800_000),
        encode(timestamp=NOON + 60_000),
        encode().ljust(1 << 20),
        json.dumps(GOOD, indent=1).encode(),
    ],
)
def test_the_limits_belong_to_the_valid_trades(value: bytes) -> None:
    assert reasons(value) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"symbol": "", "price": "1"}, "invalid_symbol"),
        ({"price": 0, "quantity": "1"}, "invalid_price"),
        ({"quantity": 0, "timestamp": 1}, "invalid_quantity"),
        ({"timestamp": 1, "side": None}, "timestamp_too_old"),
        ({"side": "hold", "trade_id": None}, "invalid_side"),
    ],
)
def test_the_first_failing_field_gives_the_reason(changes: dict[str, Any], reason: str) -> None:
    assert reasons(encode(**changes)) == [(0, reason)]


def test_each_bad_element_of_an_array_is_its_own_dead_letter() -> None:
    array = b"[" + b",".join([encode(), encode(price=0), b"[]", encode(), without("side")]) + b"]"
    trades, rejected = read(Message(array, NOON))
    assert len(trades) == 2
    assert rejected == [
        Rejected(1, "invalid_price"),
        Rejected(2, "not_an_object"),
        Rejected(4, "missing_field"),
    ]


def test_an_array_that_does_not_parse_is_one_dead_letter() -> None:
    assert reasons(b"[\n" + encode() + b"\n,") == [(0, "invalid_json")]


def test_each_bad_line_is_its_own_dead_letter_and_blank_lines_do_not_count() -> None:
    lines = [b"oops", encode(), b"", b" \r", b"7", encode(side="x"), b"\xff", encode(), b""]
    trades, rejected = read(Message(b"\n".join(lines), NOON))
    assert len(trades) == 2
    assert rejected == [
        Rejected(0, "invalid_json"),
        Rejected(2, "not_an_object"),
        Rejected(3, "invalid_side"),
        Rejected(4, "invalid_utf8"),
    ]


def test_lines_of_which_none_is_json_are_one_dead_letter() -> None:
    assert reasons(b"oops\nagain") == [(0, "invalid_json")]


def test_a_candle_has_the_hand_computed_values() -> None:
    trades = [
        Trade("AAPL", 10.0, 1.0, NOON + 100, "buy", "1"),
        Trade("AAPL", 14.0, 2.0, NOON + 200, "sell", "2"),
        Trade("AAPL", 9.0, 3.0, NOON + 300, "buy", "3"),
        Trade("AAPL", 11.0, 4.0, NOON + 999, "sell", "4"),
    ]
    one_second = candles(trades)["AAPL", "1s", NOON]
    assert one_second._asdict() == {
        "symbol": "AAPL",
        "interval": "1s",
        "start": NOON,
        "end": NOON + 1_000,
        "open": 10.0,
        "high": 14.0,
        "low": 9.0,
        "close": 11.0,
        "volume": 10.0,
        "notional": 109.0,  # 10 + 28 + 27 + 44
        "vwap": 10.9,
        "trades": 4,
        "buy_volume": 4.0,
    }


def test_every_interval_starts_at_a_multiple_of_its_length_in_utc() -> None:
    trade = Trade("AAPL", 1.0, 1.0, NOON + 3_723_456, "buy")  # 13:02:03.456
    starts = {interval: start - NOON for _, interval, start in candles([trade])}
    assert starts == {
        "1s": 3_723_000,
        "10s": 3_720_000,
        "1m": 3_720_000,
        "5m": 3_600_000,
        "15m": 3_600_000,
        "1h": 3_600_000,
        "4h": 0,
        "1d": -43_200_000,
    }


def test_a_trade_on_the_boundary_opens_the_next_candle() -> None:
    trades = [Trade("A", 1.0, 1.0, NOON - 1, "buy"), Trade("A", 2.0, 1.0, NOON, "buy")]
    closes = {key: candle.close for key, candle in candles(trades).items() if key[1] == "1d"}
    assert closes == {("A", "1d", NOON - 43_200_000): 2.0}
    assert candles(trades)["A", "1s", NOON - 1_000].close == 1.0
    assert candles(trades)["A", "1s", NOON].open == 2.0


@pytest.mark.parametrize(
    "ordered",  # (event time, id, price, quantity) of each trade, first to last
    [
        [(1, "9", 5.0, 1.0), (2, "8", 6.0, 1.0), (3, "7", 7.0, 1.0)],
        [(1, "9", 5.0, 1.0), (1, "10", 6.0, 1.0), (1, "100", 7.0, 1.0)],
        [(1, "", 7.0, 1.0), (1, "0", 6.0, 1.0), (1, "1", 5.0, 1.0)],
        [(1, "1", 5.0, 2.0), (1, "1", 6.0, 1.0), (1, "1", 7.0, 1.0)],
        [(1, "8" * 20, 5.0, 1.0), (1, "8" * 19 + "9", 6.0, 1.0), (1, "9" * 20, 7.0, 1.0)],
    ],
)
def test_open_and_close_do_not_depend_on_arrival(
    ordered: list[tuple[int, str, float, float]],
) -> None:
    trades = [Trade("A", p, q, NOON + at, "buy", identifier) for at, identifier, p, q in ordered]
    for shuffled in permutations(trades):
        candle = candles(shuffled)["A", "1s", NOON]
        assert (candle.open, candle.close) == (ordered[0][2], ordered[-1][2])


def test_sums_are_exact_before_they_are_rounded_once() -> None:
    trades = [Trade("A", 1.0, quantity, NOON, "buy") for quantity in (1e15, *[0.1] * 10)]
    assert candles(trades)["A", "1s", NOON].volume == 1_000_000_000_000_001.0


def test_symbols_do_not_mix() -> None:
    trades = [Trade("A", 1.0, 1.0, NOON, "buy"), Trade("B", 2.0, 1.0, NOON, "buy")]
    assert len(candles(trades)) == 2 * len(INTERVALS)


def test_a_trade_is_late_a_quarter_of_an_hour_after_the_watermark_closed_its_second() -> None:
    def at(event: int, record: int, partition: int = 0) -> Message:
        return Message(encode(timestamp=NOON + event, trade_id=event), NOON + record, partition)

    # With a delay of 2 s a record of +3999 puts the watermark at +1999, the end of second 1.
    horizon = 900_000
    messages = [
        at(3_998, 3_998 + horizon),
        at(1_500, 3_999 + horizon),
        at(1_501, 3_999 + horizon),
        at(2_000, 3_999 + horizon),
    ]
    result = expected(messages, watermark_delay=2_000)
    assert [trade.timestamp - NOON for trade in result.late] == [1_501]
    assert [trade.timestamp - NOON for trade in result.counted] == [3_998, 1_500, 2_000]
    assert result.candles["AAPL", "1m", NOON].trades == 3

    # A partition that has not been read holds the watermark back.
    assert expected([*messages, at(0, 0, partition=1)], watermark_delay=2_000).late == []
    assert expected(messages).late == []


@pytest.mark.parametrize(
    ("change", "is_copy"),
    [
        ({"price": 7}, True),
        ({"timestamp": NOON - 5}, True),
        ({"trade_id": 8}, False),
        ({"exchange": "OTHER"}, False),
        ({"symbol": "OTHER"}, False),
    ],
)
def test_an_id_is_what_copies_have_in_common(change: dict[str, object], is_copy: bool) -> None:
    messages = [Message(encode(**{"trade_id": 7, **each}), NOON) for each in ({}, change)]
    assert len(expected(messages).duplicates) == is_copy


def test_without_an_id_only_the_same_content_is_a_copy() -> None:
    messages = [Message(encode(**each), NOON) for each in ({}, {}, {"side": "sell"})]
    result = expected(messages)
    assert (len(result.duplicates), len(result.counted)) == (1, 2)
    assert result.candles["AAPL", "1d", NOON // 86_400_000 * 86_400_000].trades == 2


def test_dead_letters_know_their_message() -> None:
    result = expected([Message(encode(), NOON), Message(b"oops", NOON)])
    assert result.rejected == [(1, Rejected(0, "invalid_json"))]
    assert len(result.candles) == len(INTERVALS)
