"""What the exchanges say, in the form of their documents, and what it means."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.exchanges.adapter import Adapter, Closing, Control, Malformed, Refused, Trades
from scripts.exchanges.binance import Binance
from scripts.exchanges.coinbase import Coinbase
from scripts.exchanges.trade import Trade

TRADES = Binance(("BNBBTC", "ETHBTC"), "trade", "wss://stream.example:9443", "https://x")
AGG_TRADES = Binance(("BNBBTC", "ETHBTC"), "aggTrade", "wss://stream.example:9443", "https://x")
MATCHES = Coinbase(("BTC-USD",), "wss://feed.example", "https://x")
ADAPTERS: dict[str, Adapter] = {
    "trades": TRADES,
    "aggregate trades": AGG_TRADES,
    "matches": MATCHES,
}

TRADE: dict[str, Any] = {
    **{"e": "trade", "E": 1672515782136, "s": "BNBBTC", "t": 12345, "p": "0.001", "q": "100"},
    **{"T": 1672515782135, "m": True, "M": True},
}
AGG_TRADE: dict[str, Any] = {
    **{"e": "aggTrade", "E": 1672515782136, "s": "BNBBTC", "a": 12345, "p": "0.001", "q": "100"},
    **{"f": 100, "l": 105, "T": 1672515782135, "m": False, "M": True},
}
MATCH: dict[str, Any] = {
    **{"type": "match", "trade_id": 10, "sequence": 50, "product_id": "BTC-USD"},
    **{"maker_order_id": "ac928c66", "taker_order_id": "132fb6ae", "size": "5.23512"},
    **{"time": "2014-11-07T08:19:27.028459Z", "price": "400.23", "side": "sell"},
}


def wrapped(data: object, stream: str = "bnbbtc@trade") -> bytes:
    return json.dumps({"stream": stream, "data": data}).encode()


def only(adapter: Adapter, frame: bytes) -> Trade:
    event = adapter.parse(frame)
    assert isinstance(event, Trades), event
    (trade,) = event.trades
    return trade


@pytest.mark.parametrize(
    ("buyer_is_maker", "side"), [(True, "sell"), (False, "buy")], ids=["sell", "buy"]
)
def test_binance_says_whether_the_buyer_was_the_maker(buyer_is_maker: bool, side: str) -> None:
    trade = only(TRADES, wrapped({**TRADE, "m": buyer_is_maker}))
    assert json.loads(trade.record().value) == {
        **{"symbol": "BNBBTC", "price": 0.001, "quantity": 100.0, "timestamp": 1672515782135},
        **{"side": side, "trade_id": 12345, "exchange": "BINANCE"},
    }
    assert trade.record()[0::2] == (b"BNBBTC", 1672515782135)


@pytest.mark.parametrize(("side", "taker"), [("sell", "buy"), ("buy", "sell")])
def test_coinbase_says_the_side_of_the_maker(side: str, taker: str) -> None:
    for kind in ("match", "last_match"):
        trade = only(MATCHES, json.dumps({**MATCH, "side": side, "type": kind}).encode())
        assert json.loads(trade.record().value) == {
            **{"symbol": "BTC-USD", "price": 400.23, "quantity": 5.23512},
            **{"timestamp": 1415348367028, "side": taker, "trade_id": 10, "exchange": "COINBASE"},
        }


def test_microseconds_are_understood() -> None:
    found = only(TRADES, wrapped({**TRADE, "T": 1672515782135999}))
    assert found.timestamp == 1672515782135


def test_an_aggregate_trade_is_numbered_by_its_own_id() -> None:
    trade = only(AGG_TRADES, wrapped(AGG_TRADE, "bnbbtc@aggTrade"))
    assert (trade.trade_id, trade.side) == (12345, "buy")


def test_all_streams_are_in_the_address() -> None:
    expected = "wss://stream.example:9443/stream?streams=bnbbtc@trade/ethbtc@trade"
    assert TRADES.url == expected
    assert json.loads(MATCHES.greetings[0]) == {
        **{"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["matches"]},
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"p": "x"},
        {"p": None},
        {"p": "nan"},
        {"q": "inf"},
        {"t": -1},
        {"t": "one"},
        {"T": -1},
        {"T": 2**63},
        {"s": "ETHBTC"},
        {"m": 7},
        {"e": "kline"},
        {"e": "aggTrade"},
    ],
    ids=str,
)
def test_what_is_wrong_in_a_subscribed_stream_is_a_malformed_trade(wrong: dict[str, Any]) -> None:
    event = TRADES.parse(wrapped({**TRADE, **wrong}))
    assert isinstance(event, Malformed)
    assert event.symbol == "BNBBTC"


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": "x"},
        {"size": "nan"},
        {"side": "none"},
        {"trade_id": -1},
        {"time": "2014"},
        {"time": 2014},
        {"time": "1914-11-07T08:19:27.028459Z"},
        {"time": "2014-11-07T08:19:27"},
    ],
    ids=str,
)
def test_what_is_wrong_in_a_match_is_a_malformed_trade(wrong: dict[str, Any]) -> None:
    event = MATCHES.parse(json.dumps({**MATCH, **wrong}).encode())
    assert isinstance(event, Malformed)
    assert event.symbol == "BTC-USD"


def test_the_ids_inside_an_aggregate_must_be_in_order() -> None:
    frame = wrapped({**AGG_TRADE, "f": 106}, "bnbbtc@aggTrade")
    assert isinstance(AGG_TRADES.parse(frame), Malformed)


@pytest.mark.parametrize("frame", [b"", b"{", b"\xff\xfe", b'{"stream":"bnbbtc@trade","da', b"nul"])
@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
def test_what_is_no_json_is_malformed(adapter: Adapter, frame: bytes) -> None:
    assert isinstance(adapter.parse(frame), Malformed)


def test_what_was_not_subscribed_to_is_no_trade() -> None:
    for stream in ("ltcbtc@trade", "bnbbtc@aggTrade", "bnbbtc@kline_1m", ""):
        assert TRADES.parse(wrapped(TRADE, stream)) == Control()
    assert MATCHES.parse(json.dumps({**MATCH, "product_id": "X-USD"}).encode()) == Control()
    assert MATCHES.parse(b'{"type":"heartbeat","product_id":"BTC-USD"}') == Control()


def test_what_the_exchange_says_of_the_connection() -> None:
    shutdown = wrapped({"e": "serverShutdown", "E": 1770123456789}, "!serverShutdown")
    assert TRADES.parse(shutdown) == Closing()
    assert TRADES.parse(b'{"result":null,"id":1}') == Control(is_answer=True)
    wrong = b'{"code":2,"msg":"Invalid request","id":1}'
    assert TRADES.parse(wrong) == Refused("Invalid request")
    assert TRADES.parse(b'{"error":{"code":3,"msg":"Invalid JSON"}}') == Refused("Invalid JSON")
    subscribed = b'{"type":"subscriptions","channels":[]}'
    assert MATCHES.parse(subscribed) == Control(is_answer=True)
    refused = b'{"type":"error","message":"Failed to subscribe","reason":"X is no product"}'
    assert MATCHES.parse(refused) == Refused("Failed to subscribe: X is no product")


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(msgspec.json.encode))
def test_no_bytes_make_an_adapter_raise(frame: bytes) -> None:
    for adapter in ADAPTERS.values():
        assert not isinstance(adapter.parse(frame), Trades)


@given(
    st.dictionaries(
        st.sampled_from([*TRADE, *AGG_TRADE, *MATCH]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([1]),
    )
)
def test_a_frame_is_a_trade_that_kafka_can_hold_or_none(changed: dict[str, Any]) -> None:
    frames: dict[Adapter, bytes] = {
        TRADES: wrapped({**TRADE, **changed}),
        AGG_TRADES: wrapped({**AGG_TRADE, **changed}, "bnbbtc@aggTrade"),
        MATCHES: json.dumps({**MATCH, **changed}).encode(),
    }
    for adapter, frame in frames.items():
        event = adapter.parse(frame)
        for trade in event.trades if isinstance(event, Trades) else ():
            record = trade.record()
            assert 0 <= record.timestamp_ms < 2**63
            assert json.loads(record.value)["price"] == trade.price


def test_pages_of_rest_are_the_same_trades() -> None:
    old = {"id": 28457, "price": "4.00000100", "qty": "12.0", "quoteQty": "48.000012"}
    page = json.dumps([{**old, "time": 1499865549590, "isBuyerMaker": True}]).encode()
    expected = Trade("BNBBTC", 4.000001, 12.0, 1499865549590, "sell", 28457, "BINANCE")
    assert TRADES.page("BNBBTC", page) == [expected]
    agg = {"a": 26129, "p": "0.01633102", "q": "4.70443515", "f": 27781, "l": 27781}
    page = json.dumps([{**agg, "T": 1498793709153, "m": True, "M": True}]).encode()
    expected = Trade("BNBBTC", 0.01633102, 4.70443515, 1498793709153, "sell", 26129, "BINANCE")
    assert AGG_TRADES.page("BNBBTC", page) == [expected]
    found = MATCHES.page("BTC-USD", json.dumps([{**MATCH, "trade_id": 11}, MATCH]).encode())
    assert [(each.trade_id, each.side) for each in found] == [(10, "buy"), (11, "buy")]


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'[{"id":1}]', b"\xff"])
def test_what_is_no_page_is_said(adapter: Adapter, body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        adapter.page(adapter.symbols[0], body)


def test_binance_is_asked_less_as_its_weight_is_used_up() -> None:
    assert TRADES.pause({"x-mbx-used-weight-1m": "4799"}) == 0
    assert TRADES.pause({"x-mbx-used-weight-1m": "4800"}) > 0
    assert TRADES.pause({}) == 0
