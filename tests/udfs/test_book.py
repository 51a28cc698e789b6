"""The book, against plain dictionaries and against the venue that a feed is made of."""

import json
from collections import defaultdict
from math import fsum
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scripts.generate.clock import steady
from scripts.generate.feed import Feed, walk
from scripts.generate.fix import BUY as BUYS
from scripts.generate.instruments import listing
from scripts.generate.market import Market
from scripts.generate.orders import Mix, OrderFlow
from tests.udfs.order_makers import TIME_MS, events_of, message, random_events
from udfs import book
from udfs.book import Book
from udfs.orders import CANCEL, ENDED, NEW, PENDING, REPLACE
from udfs.scanner import BUY

seeds = st.integers(0, 2**32 - 1)
SYMBOLS = ("A", "B", "C")


class Open(NamedTuple):
    """An open order of the model."""

    symbol: int
    side: int
    price: float
    quantity: float
    time: int
    is_reported: bool


class Model:
    """The law in plain Python: a dictionary of open orders, by what they are known by."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.orders: dict[tuple[int, int], Open] = {}
        self.ignored = defaultdict[int, int](int)
        self.expired = defaultdict[int, int](int)

    def apply(self, event: Any) -> None:
        own = (int(event["high"]), int(event["low"]))
        old = (int(event["old_high"]), int(event["old_low"]))
        old_one = None if old == (0, 0) else old
        kind = event["kind"]
        if kind == NEW:
            if own not in self.orders:
                self._open(own, event, float(event["price"]))
        elif kind in (CANCEL, REPLACE):
            asked = self.orders.get(old_one) if old_one else None
            if asked and old_one and not asked.is_reported:
                del self.orders[old_one]
                if kind == REPLACE and own not in self.orders:
                    self._open(own, event, float(event["price"]))
        else:
            if kind == PENDING and old_one:
                own, old_one = old_one, None
            before = self.orders.pop(old_one, None) if old_one and old_one != own else None
            now = self.orders.pop(own, None)
            price = float(event["price"])
            if now and (price == 0 or kind == PENDING):
                price = now.price
            elif before and price == 0:
                price = before.price
            if kind != ENDED:
                self._open(own, event, price, now)

    def _open(
        self, own: tuple[int, int], event: Any, price: float, now: Open | None = None
    ) -> None:
        quantity, symbol = float(event["quantity"]), int(event["symbol"])
        if not event["rests"] or price == 0 or quantity == 0:
            return
        if not now and sum(o.symbol == symbol for o in self.orders.values()) >= self.limit:
            self.ignored[symbol] += 1
            return
        side = now.side if now else int(event["side"])
        reported = event["kind"] > REPLACE
        self.orders[own] = Open(symbol, side, price, quantity, int(event["time"]), reported)

    def expire(self, before_ms: int) -> None:
        for known, order in list(self.orders.items()):
            if order.time < before_ms:
                del self.orders[known]
                self.expired[order.symbol] += 1

    def side(self, symbol: int, side: int) -> list[dict[str, Any]]:
        levels = defaultdict[float, list[float]](list)
        for order in self.orders.values():
            if (order.symbol, order.side) == (symbol, side):
                levels[order.price].append(order.quantity)
        best = sorted(levels, reverse=side == BUY)[: book.LEVELS]
        return [
            {"price": price, "quantity": fsum(levels[price]), "orders": len(levels[price])}
            for price in best
        ]


def open_orders(found: Book) -> dict[tuple[int, int], Open]:
    rows = found.held[
        ["high", "low", "symbol", "side", "price", "quantity", "time", "is_reported"]
    ].tolist()
    return {
        (high, low): Open(symbol, side, price, quantity, time, bool(is_reported))
        for high, low, symbol, side, price, quantity, time, is_reported in rows
    }


def published(found: Book) -> dict[str, dict[str, Any]]:
    touched = found.take_touched()
    return {
        key.decode(): json.loads(value)
        for key, value in book.messages(found, touched, list(SYMBOLS), 5)
    }


def close(mine: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    return len(mine) == len(other) and all(
        (a["price"], a["orders"]) == (b["price"], b["orders"])
        and abs(a["quantity"] - b["quantity"]) < 1e-9
        for a, b in zip(mine, other, strict=True)
    )


@settings(max_examples=300, deadline=None)
@given(seeds, st.integers(1, 400), st.integers(1, 15), st.data())
def test_a_book_is_what_a_dictionary_of_its_orders_is(
    seed: int, n: int, limit: int, data: st.DataObject
) -> None:
    events = random_events(np.random.default_rng(seed), n)
    found, model = Book(limit), Model(limit)
    newest: dict[str, dict[str, Any]] = {}
    for part in np.split(events, sorted(data.draw(st.lists(st.integers(0, n), max_size=5)))):
        found.apply(part)
        for event in part:
            model.apply(event)
        if data.draw(st.booleans()):
            before_ms = TIME_MS + data.draw(st.integers(0, 300_000))
            found.expire(before_ms)
            model.expire(before_ms)
        newest.update(published(found))
        assert open_orders(found) == model.orders
        assert found.oldest <= min((o.time for o in model.orders.values()), default=found.oldest)
        if data.draw(st.booleans()):
            found = restored(found)
    for code, name in enumerate(SYMBOLS):
        mine = newest.get(name)
        bids, asks = model.side(code, 1), model.side(code, 2)
        if mine is None:
            assert not bids
            assert not asks
            continue
        assert close(mine["bids"], bids)
        assert close(mine["asks"], asks)
        assert mine["best_bid"] == (bids[0]["price"] if bids else None)
        assert mine["best_ask"] == (asks[0]["price"] if asks else None)
        if bids and asks:
            assert mine["spread"] == mine["best_ask"] - mine["best_bid"]
            assert mine["mid"] == (mine["best_ask"] + mine["best_bid"]) / 2
        depths = [fsum(level["quantity"] for level in mine[side]) for side in ("bids", "asks")]
        assert [mine["bid_depth"], mine["ask_depth"]] == depths
        assert mine["open_orders"] == sum(o.symbol == code for o in model.orders.values())
        assert (mine["ignored"], mine["expired"]) == (model.ignored[code], model.expired[code])


def restored(found: Book) -> Book:
    return Book(
        found.limit,
        book.unpack_orders(book.pack_orders(found.held)),
        book.unpack_symbols(book.pack_symbols(found.symbols)),
    )


def test_the_book_of_a_feed_is_that_of_its_venue() -> None:
    feed = Feed(count=6_000, rate=2_000, symbols=3)
    rng = np.random.default_rng(feed.seed)
    instruments = listing(feed.symbols, rng)
    market, flow = Market(instruments, rng), OrderFlow(instruments, Mix(90, 10), rng)
    messages = []
    for made, times, _ in walk(feed, market, steady(feed.start_ms, feed.rate)):
        for symbol, price, ms in zip(
            made.symbol.tolist(), made.price.tolist(), times.tolist(), strict=True
        ):
            messages.append(flow.next(symbol, price, ms)[1])
    events = events_of(*messages)
    found = Book(1_000)
    found.apply(events.events)
    mine = sorted(
        (events.symbols[order["symbol"]], order["side"] == BUY, order["price"], order["quantity"])
        for order in found.held[found.held["is_reported"] == 1]
    )
    theirs = sorted(
        (each.symbol, each.side == BUYS, float(each.price), float(each.amount(each.left)))
        for venue in flow.open_orders
        for each in venue
    )
    assert len(theirs) > 30
    assert mine == theirs
    # The others were asked for, and the answer is still to come.
    assert np.count_nonzero(found.held["is_reported"] == 0) <= len(instruments)


def book_of(*messages: bytes) -> dict[str, Any]:
    events = events_of(*messages)
    found = Book(10)
    found.apply(events.events)
    ((_, value),) = book.messages(found, found.take_touched(), events.symbols, 5)
    answer: dict[str, Any] = json.loads(value)
    return answer


def bids(*messages: bytes) -> list[tuple[float, float]]:
    return [(level["price"], level["quantity"]) for level in book_of(*messages)["bids"]]


def test_requests_alone_make_a_book() -> None:
    new, change = message("D"), message("G", t41="c1", t11="c2", t44=99, t38=5)
    assert bids(new) == [(100.5, 3.0)]
    assert bids(new, change) == [(99.0, 5.0)]
    assert bids(new, change, message("F", t41="c2", t11="c3")) == []
    assert bids(new, message("F", t41="other")) == [(100.5, 3.0)]


def test_a_request_waits_for_its_venue_where_that_reports() -> None:
    begin = [message("D"), message("8")]
    cancel = message("F", t41="c1", t11="c2")
    assert bids(*begin, cancel) == [(100.5, 3.0)]
    pending = message("8", t39=6, t150=6, t41="c1", t11="c2", t151=2)
    assert bids(*begin, cancel, pending) == [(100.5, 2.0)]
    # The cancel is refused, and the order filled under its own name.
    fill = {"t150": 1, "t39": 1, "t31": 100.5, "t32": 1, "t151": 1}
    assert bids(*begin, cancel, pending, message("8", **fill)) == [(100.5, 1.0)]
    gone = message("8", t39=4, t150=4, t41="c1", t11="c2", t151=0)
    assert bids(*begin, cancel, pending, gone) == []


def test_a_replaced_order_goes_on_under_its_new_name() -> None:
    begin = [message("D"), message("8"), message("G", t41="c1", t11="c2", t44=101)]
    done = message("8", t150=5, t39=5, t41="c1", t11="c2", t44=101)
    assert bids(*begin) == [(100.5, 3.0)]
    assert bids(*begin, done) == [(101.0, 3.0)]
    filled = message("8", t11="c2", t150=2, t39=2, t31=101, t32=3, t151=0)
    assert bids(*begin, done, filled) == []


def test_a_report_without_a_limit_keeps_the_one_there_is() -> None:
    assert bids(message("D"), message("8", 44, t151=1)) == [(100.5, 1.0)]
    assert bids(message("D"), message("8", 44, 40, t41="c1", t11="c2", t151=1)) == [(100.5, 1.0)]


def test_an_order_known_by_its_venue_alone_is_followed() -> None:
    seen = message("8", 11)
    assert bids(seen) == [(100.5, 3.0)]
    gone = message("8", 11, t39=4, t150=4, t151=0)
    assert bids(seen, gone) == []


def test_what_there_is_no_room_for_is_told() -> None:
    found = book_of(*(message("D", t11=f"c{n}", t44=100 + n) for n in range(13)))
    assert (found["open_orders"], found["ignored"], found["best_bid"]) == (10, 3, 109.0)


def test_only_what_changes_a_book_publishes_it() -> None:
    events = events_of(message("D"), message("8"), message("8", t34=2)).events
    found = Book(10)
    changed = []
    for n in range(len(events)):
        found.apply(events[n : n + 1])
        changed.append(found.take_touched().tolist())
    assert changed == [[0], [], []]


def test_symbols_may_get_other_codes() -> None:
    found = Book(10)
    names = ["A", "B", "C"]
    made = events_of(*(message("D", t55=name, t44=n + 1) for n, name in enumerate(names)))
    events: NDArray[Any] = made.events
    found.apply(events)
    found.apply(events_of(message("F", t55="A", t41="c1")).events)
    found.rename(np.array([-1, 1, 0]))
    found.symbols["touched"] = True
    codes = found.take_touched()
    bests = {
        key: json.loads(value)["best_bid"]
        for key, value in book.messages(found, codes, ["C", "B"], 5)
    }
    assert bests == {b"C": 3.0, b"B": 2.0}
