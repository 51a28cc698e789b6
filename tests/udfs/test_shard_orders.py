"""A shard with orders: flows and books, through restores, corrections and limits."""

import base64
import dataclasses
import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.udfs.makers import each_of
from tests.udfs.order_makers import TIME_MS, events_of, message, random_events
from tests.udfs.test_book import Model
from tests.udfs.test_flows import NAMES, expected
from tests.udfs.test_shard import DAY, MINUTE, RULES, SECOND, Run, one_trade
from udfs import order_frames, snapshot
from udfs.order_frames import OrderFrame
from udfs.shard import Shard
from udfs.shards import shard_of
from udfs.sources import ORDERS, PARTITIONS_PER_TOPIC
from udfs.windows import NEVER

seeds = st.integers(0, 2**32 - 1)
TOPICS = {0: "trades", ORDERS: "orders"}
SOURCE = ORDERS * PARTITIONS_PER_TOPIC
RULES = dataclasses.replace(RULES, topics=TOPICS, open_orders=8)
START = TIME_MS // DAY * DAY


class OrderRun(Run):
    """A shard that gets events of orders."""

    def __init__(self, **rules: Any) -> None:
        super().__init__(dataclasses.replace(RULES, **rules))

    def orders(
        self, events: NDArray[Any], watermark: int, now_ms: int = 0, names: list[str] = NAMES
    ) -> None:
        events["source"] = SOURCE
        piece = order_frames.pack(OrderFrame(0, events, names))
        self._note(self.shard.take(piece, watermark, now_ms))

    def messages(self, *messages: bytes, watermark: int, now_ms: int = 0) -> None:
        made = events_of(*messages)
        self.orders(made.events, watermark, now_ms, made.symbols)

    def of(self, output: str) -> list[dict[str, Any]]:
        return [json.loads(value) for name, _, value in self.outputs if name == output]

    @property
    def books(self) -> dict[str, dict[str, Any]]:
        return {each["symbol"]: each for each in self.of("book")}

    @property
    def flows(self) -> dict[tuple[str, str, int], dict[str, Any]]:
        newest: dict[tuple[str, str, int], dict[str, Any]] = {}
        for flow in self.of("order_flow"):
            key = (flow["symbol"], flow["interval"], flow["start"])
            before = newest.get(key)
            assert not before or (flow["final"], flow["revision"]) >= (
                before["final"],
                before["revision"],
            )
            newest[key] = flow
        return newest


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 200), st.lists(st.integers(0, 200), max_size=6), st.data())
def test_flows_and_books_are_those_of_all_events_through_any_restore(
    seed: int, n: int, cuts: list[int], data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    events = random_events(rng, n, symbols=5)
    model = Model(RULES.open_orders)
    run, now, watermark = OrderRun(), 1_000, TIME_MS - MINUTE
    for part in np.split(events, sorted(min(cut, n) for cut in cuts)):
        watermark = max(watermark, TIME_MS + data.draw(st.integers(-MINUTE, 5 * MINUTE)))
        now += 300
        run.orders(part.copy(), watermark, now)
        for event in part:
            model.apply(event)
        if data.draw(st.booleans()):
            run.restore()
    run.tick(int(NEVER), now + 300)
    wanted = expected(events, [])
    found = run.flows
    assert all(flow["final"] for flow in found.values())
    assert found.keys() == wanted.keys()
    for key, values in wanted.items():
        assert {name: found[key][name] for name in values} == values
    for code, name in enumerate(NAMES):
        if name not in run.books:
            assert not any(order.symbol == code for order in model.orders.values())
            continue
        mine = run.books[name]
        assert mine["open_orders"] == sum(o.symbol == code for o in model.orders.values())
        assert mine["ignored"] == model.ignored[code]
        for side, number in (("bids", 1), ("asks", 2)):
            ours = [(level["price"], level["orders"]) for level in mine[side]]
            theirs = [(level["price"], level["orders"]) for level in model.side(code, number)]
            assert ours == theirs
    fills = int(events["is_fill"].sum())
    assert run.shard.ledger.counts.get(SOURCE, [0] * 8) == [0, 0, 0, 0, 0, 0, n - fills, 0]


def test_an_execution_that_is_a_trade_is_a_fill_of_the_flow() -> None:
    run = OrderRun()
    trade = one_trade(START, "1")
    trade.trades["source"] = SOURCE
    for now in (0, 1_000):  # the second one is a copy
        run.take(trade, START, now)
    run.tick(int(NEVER), 2_000)
    flows = run.flows
    assert len(flows) == 8
    for flow in flows.values():
        fills = flow["buy_fills"] + flow["sell_fills"]
        filled = flow["buy_filled"] + flow["sell_filled"]
        assert (fills, filled) == (1, float(trade.trades["quantity"][0]))
        assert flow["order_to_trade_ratio"] == 0


def test_a_late_order_corrects_the_flow_and_one_past_the_horizon_the_book_alone() -> None:
    run = OrderRun()
    run.messages(message("D"), watermark=TIME_MS)
    run.tick(TIME_MS + 70 * SECOND, 1_000)
    run.messages(message("D", t11="c2"), watermark=TIME_MS + 70 * SECOND, now_ms=2_000)
    corrected = {
        each["interval"]: (each["final"], each["revision"], each["buy_orders"])
        for each in run.flows.values()
    }
    assert corrected["1s"] == corrected["10s"] == corrected["1m"] == (True, 1, 2)
    late = TIME_MS + 20 * MINUTE
    run.messages(message("D", t11="c3"), watermark=late, now_ms=3_000)
    assert {flow["buy_orders"] for flow in run.flows.values()} == {2}
    assert run.books["BTC-USD"]["open_orders"] == 3
    assert run.shard.ledger.counts[SOURCE] == [0, 0, 0, 0, 1, 0, 2, 0]


def test_orders_of_too_many_symbols_are_dead_letters() -> None:
    run = OrderRun(symbols=2)
    names = ["A", "B", "C"]
    run.messages(
        *(message("D", t55=name) for name in names),
        message("8", t55="C", t150=2, t39=2, t31=5, t32=1),
        watermark=TIME_MS,
        now_ms=1_000,
    )
    (letter,) = run.of("dead_letters")
    assert (letter["topic"], letter["offset"], letter["reason"]) == (
        "orders",
        2,
        "too_many_symbols",
    )
    payload = json.loads(base64.b64decode(letter["payload"]))
    assert payload == {
        "symbol": "C", "side": "buy", "price": 100.5, "quantity": 3.0, "timestamp": TIME_MS,
    }  # fmt: skip
    assert run.books.keys() == {"A", "B"}
    assert run.shard.ledger.counts[SOURCE] == [0, 0, 0, 0, 0, 1, 2, 0]


@pytest.mark.parametrize("restore", [False, True])
def test_an_order_of_which_nothing_is_heard_expires_in_event_time(restore: bool) -> None:
    run = OrderRun(order_ttl_ms=10 * MINUTE)
    run.messages(message("D"), watermark=TIME_MS)
    run.messages(message("8", t60="20260102-03:09:00"), watermark=TIME_MS, now_ms=1_000)
    run.tick(int(TIME_MS + 12 * MINUTE), 2_000)
    assert run.books["BTC-USD"]["open_orders"] == 1
    if restore:
        run.restore()
    event_time, _ = run.shard.due(3_000)
    while event_time < TIME_MS + 30 * MINUTE:
        run.tick(event_time, 3_000)
        assert run.shard.due(3_000)[0] > event_time
        if not len(run.shard.book):
            break
        event_time, _ = run.shard.due(3_000)
    run.tick(event_time, 4_000)
    assert event_time == TIME_MS // MINUTE * MINUTE + 16 * MINUTE - 1
    book = run.books["BTC-USD"]
    assert (book["open_orders"], book["expired"], book["bids"]) == (0, 1, [])


def test_an_order_whose_event_came_just_before_it_expired_stays_also_in_its_journal() -> None:
    run = OrderRun(order_ttl_ms=MINUTE)
    run.messages(message("D"), watermark=TIME_MS)
    later = TIME_MS // MINUTE * MINUTE + MINUTE + 30 * SECOND
    run.messages(message("8", t60="20260102-03:05:20"), watermark=later, now_ms=1_000)
    assert len(run.shard.book) == 1
    run.restore()
    assert len(run.shard.book) == 1


def test_books_come_at_a_steady_rate_with_the_newest_values() -> None:
    run = OrderRun(open_orders=1_000)
    for number, now in enumerate(range(10_000, 12_000, 10)):
        run.messages(message("D", t11=f"c{number}"), watermark=TIME_MS, now_ms=now)
        _, due = run.shard.due(now)
        assert due is not None
        assert due <= now + RULES.book_ms
    run.tick(TIME_MS, 12_200)
    counts = [each["open_orders"] for each in run.of("book")]
    assert len(counts) == 2_000 // RULES.book_ms + 1
    assert counts[-1] == 200
    assert not run.shard.book.is_touched


def test_what_is_to_be_the_same_each_time_has_its_books_at_the_end() -> None:
    run = OrderRun(stamp_end=True, quiet_ms=0)
    run.messages(message("D"), watermark=TIME_MS, now_ms=1_000)
    run.messages(message("D", t11="c2"), watermark=TIME_MS, now_ms=2_000)
    assert run.of("book") == []
    run.tick(int(NEVER), 3_000)
    assert [each["updated_at"] for each in run.of("book")] == [TIME_MS]


def test_nothing_is_due_any_more_once_the_input_has_ended() -> None:
    run = OrderRun()
    run.messages(message("D"), watermark=TIME_MS, now_ms=1_000)
    run.tick(int(NEVER), 2_000)
    assert run.shard.due(2_000) == (int(NEVER) - 1, None)
    assert run.books["BTC-USD"]["open_orders"] == 1


def test_what_was_published_last_before_a_crash_comes_again() -> None:
    run = OrderRun()
    run.messages(message("D"), watermark=TIME_MS, now_ms=1_000)
    before = run.books
    run.outputs.clear()
    run.restore()
    run.tick(TIME_MS, 5_000)
    assert {name: {**book, "updated_at": 1_000} for name, book in run.books.items()} == before


def test_symbols_without_windows_or_orders_are_forgotten_and_the_others_keep_theirs() -> None:
    run = OrderRun(order_ttl_ms=10 * DAY)
    names = [f"S{n}" for n in range(30)]
    run.messages(*(message("D", t55=name) for name in names), watermark=TIME_MS)
    gone = [message("F", t55=name, t41="c1", t11="c2") for name in names[:-1]]
    run.messages(*gone, watermark=TIME_MS, now_ms=1_000)
    run.tick(TIME_MS + 2 * DAY, 2_000)
    assert run.shard.snapshot().symbols == ["S29"]
    run.outputs.clear()
    run.messages(message("D", t55="S29", t11="c2"), watermark=TIME_MS + 2 * DAY, now_ms=3_000)
    assert [(b["symbol"], b["open_orders"]) for b in run.of("book")] == [("S29", 2)]


@given(seeds, st.sampled_from([1, 2, 7]))
def test_flows_and_orders_are_dealt_out_with_their_symbols(seed: int, shards: int) -> None:
    events = random_events(np.random.default_rng(seed), 200, symbols=5)
    run = OrderRun()
    run.orders(events, TIME_MS)
    whole = run.shard.snapshot()
    parts = dict(snapshot.split(whole, shards))
    for number, part in parts.items():
        assert {shard_of(symbol, shards) for symbol in part.symbols} <= {number}
    back = Shard.of_snapshot(0, RULES, snapshot.merged(0, parts.values()), 0)
    outputs = [each_of(each.tick(int(NEVER), 9_000)) for each in (run.shard, back)]
    mine, other = (sorted(o for o in each if o[0] == "order_flow") for each in outputs)
    assert mine == other
    assert len(back.book) == len(run.shard.book)
    assert sorted(back.book.held[["high", "low", "price"]].tolist()) == sorted(
        run.shard.book.held[["high", "low", "price"]].tolist()
    )


def test_a_snapshot_of_before_there_were_orders_is_read() -> None:
    run = OrderRun()
    run.take(one_trade(START, "1"), START)
    fields = msgspec.msgpack.decode(snapshot.pack(run.shard.snapshot()))
    short = snapshot.unpack(msgspec.msgpack.encode(fields[:-3]))
    shard = Shard.of_snapshot(0, RULES, short, 0)
    assert len(shard.windows) == len(run.shard.windows)
    assert (len(shard.flows), len(shard.book)) == (0, 0)
