import json
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from kafka import KafkaConsumer

from scripts import generator
from scripts.generate.clock import wall
from scripts.generate.faults import FAULTS, OVERSIZED
from scripts.generate.feed import Feed, blocks
from scripts.generate.instruments import NAMED
from scripts.generate.messages import Message
from scripts.generate.trade import Trade
from scripts.sources.sender import Sender
from scripts.stack.broker import Broker
from tests import oracle

FEEDS = [
    Feed(count=2_000),
    Feed(count=2_000, bad=0.2),
    Feed(count=2_000, bad=1.0),
    Feed(count=2_003, packed=7),
    Feed(count=2_003, packed=7, bad=0.2, disorder_ms=5_000),
    Feed(count=2_003, packed=7, bad=1.0),
    Feed(count=10_000, packed=100, bad=0.01, symbols=10_000),
    Feed(count=500, packed=100, rate=0.5, bad=0.3),
    Feed(count=64, bad=1.0, oversized=True),
]


def messages(feed: Feed) -> Iterator[Message]:
    for block in blocks(feed):
        yield from block


def trades(feed: Feed) -> list[Trade]:
    return [msgspec.json.decode(message.value, type=Trade) for message in messages(feed)]


@pytest.mark.parametrize("feed", FEEDS, ids=str)
def test_every_message_becomes_what_the_feed_says(feed: Feed) -> None:
    for message in messages(feed):
        good, rejected = oracle.read(oracle.Message(message.value, message.timestamp_ms))
        assert len(good) == message.trades
        assert [(fault.index, fault.reason) for fault in rejected] == list(message.rejected)
        assert {trade.symbol.encode() for trade in good} <= {message.key}


@pytest.mark.parametrize("feed", FEEDS, ids=str)
def test_the_count_is_of_good_and_bad_records(feed: Feed) -> None:
    assert sum(message.trades + len(message.rejected) for message in messages(feed)) == feed.count


@pytest.mark.parametrize("feed", FEEDS, ids=str)
def test_equal_feeds_are_equal_byte_for_byte(feed: Feed) -> None:
    assert list(messages(feed)) == list(messages(feed))


def test_another_seed_is_another_feed() -> None:
    assert trades(Feed(count=100)) != trades(Feed(count=100, seed=2))


def test_a_longer_feed_begins_like_a_shorter_one() -> None:
    feed = Feed(count=1_234, bad=0.1)
    assert list(messages(replace(feed, count=3_000)))[:1_234] == list(messages(feed))


def test_bad_records_leave_the_others_as_they_are() -> None:
    good, bad = list(messages(Feed(count=2_000))), list(messages(Feed(count=2_000, bad=0.1)))
    kept = [(a, b) for a, b in zip(good, bad, strict=True) if b.trades]
    assert all(a == b for a, b in kept)
    assert 0.05 < 1 - len(kept) / len(good) < 0.15


@pytest.mark.parametrize("packed", [1, 10])
def test_every_kind_of_bad_record_comes(packed: int) -> None:
    feed = Feed(count=10 * len(FAULTS), bad=1.0, packed=packed)
    reasons = {reason for message in messages(feed) for _, reason in message.rejected}
    assert reasons == {fault.reason for fault in FAULTS}


def test_oversized_messages_come_only_when_asked_for() -> None:
    def largest(feed: Feed) -> int:
        return max(len(message.value) for message in messages(feed))

    feed = Feed(count=len(FAULTS) + 1, bad=1.0)
    assert largest(feed) < 1_000
    assert OVERSIZED.reason == "message_too_large"
    assert 1 << 20 < largest(replace(feed, oversized=True)) < 1.01 * (1 << 20)


def test_packed_messages_hold_one_symbol_and_take_turns_in_form() -> None:
    packed = list(messages(Feed(count=1_000, packed=8)))
    assert [message.trades for message in packed] == [8] * 125
    for position, message in enumerate(packed):
        if position % 2:
            records = [json.loads(line) for line in message.value.splitlines()]
        else:
            records = json.loads(message.value)
        assert {record["symbol"].encode() for record in records} == {message.key}


@pytest.mark.parametrize("packed", [1, 10])
def test_trade_ids_count_up_from_one_for_each_symbol(packed: int) -> None:
    seen = defaultdict(list)
    for message in messages(Feed(count=5_000, packed=packed, symbols=50)):
        for trade in oracle.read(oracle.Message(message.value, message.timestamp_ms))[0]:
            seen[trade.symbol].append(int(trade.trade_id))
    assert len(seen) == 50
    assert all(ids == list(range(1, len(ids) + 1)) for ids in seen.values())


def test_event_time_advances_steadily_from_the_start() -> None:
    times = [trade.timestamp for trade in trades(Feed(count=500, rate=200, start_ms=10**12))]
    assert times == list(range(10**12, 10**12 + 2_500, 5))


def test_disorder_delays_trades_by_no_more_than_it_says() -> None:
    feed = Feed(count=5_000, rate=1_000)
    late = trades(replace(feed, disorder_ms=300))
    delays = [a.timestamp - b.timestamp for a, b in zip(trades(feed), late, strict=True)]
    assert (min(delays), max(delays)) == (0, 300)


@pytest.mark.parametrize("disorder_ms", [0, 300])
def test_a_message_bears_its_newest_event_time(disorder_ms: int) -> None:
    for message in messages(Feed(count=1_000, packed=10, disorder_ms=disorder_ms)):
        good, _ = oracle.read(oracle.Message(message.value, message.timestamp_ms))
        assert message.timestamp_ms == max(trade.timestamp for trade in good)


def test_the_wall_clock_spreads_trades_over_the_time_since_the_last() -> None:
    now = iter([100.0, 101.0, 101.0, 100.5, 102.0])  # it may be set back
    event_times = wall(lambda: next(now))
    assert event_times(4).tolist() == [100_250, 100_500, 100_750, 101_000]
    assert event_times(2).tolist() == [101_000, 101_000]
    assert event_times(2).tolist() == [101_000, 101_000]
    assert event_times(2).tolist() == [101_500, 102_000]


def test_prices_are_whole_ticks_and_quantities_whole_lots() -> None:
    digits = {i.symbol: (i.price_digits, i.quantity_digits) for i in NAMED}
    for trade in trades(Feed(count=5_000)):
        for amount, decimals in zip(
            (trade.price, trade.quantity), digits[trade.symbol], strict=True
        ):
            assert amount > 0
            assert amount == round(amount, decimals)


def day() -> dict[str, Any]:
    """Minute closes of a day of a slow feed, by symbol."""
    closes: dict[str, Any] = {i.symbol: np.full(1_440, math.nan) for i in NAMED}
    for trade in trades(Feed(count=172_800, rate=2)):
        closes[trade.symbol][(trade.timestamp - Feed.start_ms) // 60_000] = trade.price
    return closes


def test_prices_move_together_and_stay_believable() -> None:
    closes = day()
    for instrument in NAMED:
        prices = closes[instrument.symbol]
        assert np.nanmax(np.abs(prices / instrument.price - 1)) < 0.25
        assert 1e-5 < np.nanstd(np.diff(np.log(prices))) < 0.01
    coins = np.diff(np.log([closes["BTCUSDT"], closes["ETHUSDT"]]))
    first, second = coins[:, ~np.isnan(coins).any(axis=0)]
    assert np.mean(np.sign(first) == np.sign(second)) > 0.6


class Future:
    def add_callback(self, function: Callable[[Any], object]) -> None:
        function(None)

    def add_errback(self, function: Callable[[Any], object]) -> None:
        pass


class Producer:
    """Stands in for KafkaProducer: all is acknowledged."""

    def send(self, topic: str, **record: Any) -> Future:
        return Future()


def test_a_run_sends_the_whole_feed() -> None:
    sender = Sender(Producer(), "trades")
    generator.run(blocks(Feed(count=5_000)), sender, 0.0, threading.Event())
    assert sender.sent == sender.acknowledged == 5_000


def test_a_run_ends_when_it_is_told_to() -> None:
    stop = threading.Event()
    sender = Sender(Producer(), "trades")

    def endless() -> Iterator[list[Message]]:
        for block in blocks(Feed(block_s=0.1)):
            yield block
            if sender.sent >= 1_000:
                stop.set()

    generator.run(endless(), sender, 0.001, stop)
    assert sender.sent == 1_100  # the block that was made when the word came is sent


@pytest.mark.parametrize(
    "arguments",
    [
        ["--bad", "150%"],
        ["--bad", "-1"],
        ["--bad", "some"],
        ["--rate", "-1"],
        ["--packed", "0"],
        ["--packed", "5001"],
        ["--symbols", "10001"],
        ["--count", "0"],
        ["--compression", "rar"],
        ["--mix", "98"],
        ["--mix", "0:2"],
    ],
)
def test_wrong_arguments_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        generator.options(arguments)
    assert arguments[0] in capsys.readouterr().err


def test_arguments_are_read_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPELINE_BOOTSTRAP_SERVERS", "one:9092,two:9092")
    monkeypatch.setenv("TAPELINE_TRADES_TOPICS", "raw_stock_ticks,trades")
    options = generator.options(["--bad", "1%", "--rate", "2.5e3"])
    assert (options.bad, options.rate, options.count) == (0.01, 2_500, None)
    assert (options.bootstrap_servers, options.topic) == ("one:9092,two:9092", "raw_stock_ticks")
    orders = generator.options(["--orders", "--mix", "9:1"])
    assert (orders.topic, orders.mix) == ("orders", (9, 1))


def test_orders_need_a_topic(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAPELINE_ORDERS_TOPICS", "")
    assert generator.options(["--orders", "--topic", "fix"]).topic == "fix"
    with pytest.raises(SystemExit, match="2"):
        generator.options(["--orders"])
    assert "--topic" in capsys.readouterr().err


@pytest.mark.system
def test_the_broker_gets_the_feed_as_it_is_made(
    broker: Broker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)  # pytest keeps its own handlers
    broker.create_topics("trades", config={"retention.ms": "-1"})
    feed = Feed(count=5_000, bad=0.1, packed=10)
    assert generator.main(
        f"--bootstrap-servers {broker.bootstrap_servers} --count 5000 --bad 10% --packed 10 "
        f"--rate 0 --event-rate {feed.rate} --start-ms {feed.start_ms}".split()
    ) == 0  # fmt: skip
    assert "5,000 records in" in capsys.readouterr().out

    made = [(m.key, m.value, m.timestamp_ms) for m in messages(feed)]
    with KafkaConsumer(
        "trades", bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest"
    ) as consumer:
        got: list[tuple[bytes, bytes, int]] = []
        deadline = time.monotonic() + 60
        while len(got) < len(made) and time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=1_000).values():
                got += [(r.key, r.value, r.timestamp) for r in records]
    assert got == made
