"""The book: the orders that are open, and the best prices that they make.

An order is as its venue last reported it; one that no report was seen of yet is as it was asked
for. So a feed of requests alone has a book too, and in a feed with reports a request that waits, or
is refused, changes nothing.
"""

from math import fsum

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs import columns
from udfs.columns import Packed, joined
from udfs.messages import Messages
from udfs.orders import CANCEL, ENDED, EVENT, NEW, PENDING, REPLACE
from udfs.scanner import BUY, SELL
from udfs.windows import NEVER
from udfs.words import pointer, record

LEVELS = 5
"""Prices of each side that are published."""

ORDER = np.dtype(
    [
        ("high", "u8"),  # what it is known by: see udfs.orders
        ("low", "u8"),
        ("price", "f8"),
        ("quantity", "f8"),  # that is left
        ("time", "i8"),  # of the last event of it, ms since epoch
        ("symbol", "i4"),
        ("side", "u1"),
        ("is_reported", "u1"),  # whether its venue has said anything of it
        ("unused", "u2"),
    ]
)
"""An open order, 48 bytes."""
SYMBOL = np.dtype(
    [
        ("orders", "i8"),  # that are open
        ("ignored", "i8"),  # that there was no room for
        ("expired", "i8"),  # that had no event for too long
        ("time", "i8"),  # of the last event, ms since epoch
        ("touched", "i8"),  # whether it changed since it was last published
    ]
)
"""What is known of the book of a symbol."""
_ORDER_FIELDS, _SYMBOL_FIELDS = columns.fields_of(ORDER), columns.fields_of(SYMBOL)
_LEAST_ROOM = 64


class Book:
    """The open orders of one shard.

    Args:
        limit: Of one symbol so many are held; further ones are ignored, and counted.
        held: ``held`` of another.
        symbols: ``symbols`` of another.
    """

    _size: int
    oldest: int
    """No open order's last event was before this time, ms; NEVER if there are none."""

    def __init__(
        self,
        limit: int,
        held: NDArray[np.void] | None = None,
        symbols: NDArray[np.void] | None = None,
    ) -> None:
        self.limit = limit
        self.symbols: NDArray[np.void] = np.zeros(0, SYMBOL) if symbols is None else symbols
        """By the code of a symbol, of SYMBOL; there may be more symbols than these."""
        # What was published of them last may have been lost.
        self.symbols["touched"] = True
        self._place(np.zeros(0, ORDER) if held is None else held)

    def __len__(self) -> int:
        return self._size

    @property
    def held(self) -> NDArray[np.void]:
        """(n,) of ORDER: the open orders."""
        return self._orders[: self._size]

    @property
    def is_touched(self) -> bool:
        """Whether a symbol's book changed since it was last published."""
        return bool(self.symbols["touched"].any())

    def apply(self, events: NDArray[np.void]) -> None:
        """Does what some events, (n,) of EVENT, say, one after another."""
        if not events.size:
            return
        more = int(events["symbol"].max()) + 1 - self.symbols.size
        if more > 0:
            self.symbols = np.concatenate([self.symbols, np.zeros(more, SYMBOL)])
        if self._size + events.size > self._orders.size:
            self._place(self.held, events.size)
        self.oldest = min(self.oldest, int(events["time"].min()))
        self._size = _apply(self._orders, self._slots, self._size, self.symbols, events, self.limit)

    def expire(self, before_ms: int) -> None:
        """Forgets the orders whose last event was before a time."""
        stale = self.held["time"] < before_ms
        if stale.any():
            symbols, counts = np.unique(self.held["symbol"][stale], return_counts=True)
            self.symbols["expired"][symbols] += counts
            self.symbols["orders"][symbols] -= counts
            self.symbols["touched"][symbols] = True
            self._place(self.held.compress(~stale))
        else:
            self.oldest = int(self.held["time"].min(initial=NEVER))

    def take_touched(self) -> NDArray[np.intp]:
        """The symbols whose book changed since this was last asked."""
        touched = np.flatnonzero(self.symbols["touched"])
        self.symbols["touched"] = False
        return touched

    def rename(self, codes: NDArray[np.int64]) -> None:
        """Gives each symbol the code at its place; those with -1 have no orders: forgets them."""
        kept = codes[: self.symbols.size] >= 0
        before, self.symbols = self.symbols, np.zeros(int(codes.max(initial=-1)) + 1, SYMBOL)
        self.symbols[codes[: before.size][kept]] = before[kept]
        self.held["symbol"] = codes[self.held["symbol"]]

    def _place(self, held: NDArray[np.void], more: int = 0) -> None:
        """Puts these orders, and an index of them, where there is room for more."""
        room = max(_LEAST_ROOM, 1 << (held.size + more).bit_length())
        self._size = held.size
        self.oldest = int(held["time"].min(initial=NEVER))
        self._orders = joined([held, np.zeros(room - held.size, ORDER)])
        self._slots = np.full(2 * room, -1, np.int32)
        _fill(self._orders, self._slots, held.size)


@njit(cache=True, inline="always")
def _find(orders, slots, high, low):  # type: ignore[no-untyped-def]
    """The slot that has the place of an order, or -1 where it would be."""
    mask = slots.size - 1
    slot = np.int64(high & np.uint64(mask))
    while slots[slot] >= 0:
        order = record(orders, slots[slot])
        if order.high == high and order.low == low:
            break
        slot = (slot + 1) & mask
    return slot


@njit(cache=True)
def _fill(orders, slots, size):  # type: ignore[no-untyped-def]
    order_at = pointer(orders)
    for i in range(size):
        slots[_find(order_at, slots, orders[i].high, orders[i].low)] = i


@njit(cache=True)
def _remove(orders, slots, size, slot):  # type: ignore[no-untyped-def]
    """Takes the order of a slot out; the last one comes into its place. Returns the new size."""
    order_at = pointer(orders)
    mask = slots.size - 1
    place, last = slots[slot], size - 1
    if place != last:
        moved = orders[last]
        slots[_find(order_at, slots, moved.high, moved.low)] = place
    # Those behind it in the index move up, so that a search ends where it should.
    empty, at = slot, (slot + 1) & mask
    while slots[at] >= 0:
        # The last order stands at its old place still.
        there = last if slots[at] == place else slots[at]
        wanted = np.int64(orders[there].high & np.uint64(mask))
        if (at - wanted) & mask >= (at - empty) & mask:
            slots[empty] = slots[at]
            empty = at
        at = (at + 1) & mask
    slots[empty] = -1
    orders[place] = orders[last]
    return last


@njit(cache=True)
def _apply(orders, slots, size, symbols, events, limit):  # type: ignore[no-untyped-def]
    """Does what the events say; there is room for all of them. Returns the new size."""
    order_at = pointer(orders)
    for i in range(events.size):
        event = events[i]
        symbol = symbols[event.symbol]
        symbol.time = max(symbol.time, event.time)
        kind = event.kind
        own = _find(order_at, slots, event.high, event.low)
        has_old = event.old_high != 0 or event.old_low != 0
        is_request = kind <= REPLACE
        if kind == NEW:
            if slots[own] >= 0:
                continue
        elif kind in (CANCEL, REPLACE):
            # A venue that reports will say what comes of it.
            if not has_old:
                continue
            old = _find(order_at, slots, event.old_high, event.old_low)
            if slots[old] < 0 or orders[slots[old]].is_reported:
                continue
            size = _remove(orders, slots, size, old)
            symbol.orders -= 1
            symbol.touched = True
            if kind == CANCEL:
                continue
            own = _find(order_at, slots, event.high, event.low)
            if slots[own] >= 0:
                continue
        price, high, low = event.price, event.high, event.low
        quantity = event.quantity
        if not is_request:
            before = 0.0
            if kind == PENDING and has_old:
                # The request's own id is not the order's yet.
                high, low = event.old_high, event.old_low
                own = _find(order_at, slots, high, low)
            elif has_old:
                old = _find(order_at, slots, event.old_high, event.old_low)
                if slots[old] >= 0 and old != own:
                    before = orders[slots[old]].price
                    size = _remove(orders, slots, size, old)
                    symbol.orders -= 1
                    symbol.touched = True
                    own = _find(order_at, slots, high, low)
            if slots[own] >= 0:
                order = orders[slots[own]]
                if price == 0 or kind == PENDING:
                    price = order.price
                if kind != ENDED and event.rests and quantity > 0:
                    if price != order.price or quantity != order.quantity:
                        symbol.touched = True
                    order.price, order.quantity, order.time = price, quantity, event.time
                    order.is_reported = True
                else:
                    size = _remove(orders, slots, size, own)
                    symbol.orders -= 1
                    symbol.touched = True
                continue
            if kind == ENDED:
                continue
            if price == 0:
                price = before
        if not event.rests or price == 0 or quantity == 0:
            continue
        if symbol.orders >= limit:
            symbol.ignored += 1
            symbol.touched = True
            continue
        slots[own] = size
        order = orders[size]
        order.high, order.low, order.price, order.quantity = high, low, price, quantity
        order.time, order.symbol, order.side = event.time, event.symbol, event.side
        order.is_reported = not is_request
        size += 1
        symbol.orders += 1
        symbol.touched = True
    return size


class Level(msgspec.Struct, frozen=True, gc=False):
    """All orders of one price."""

    price: float
    quantity: float
    orders: int


class Message(msgspec.Struct, frozen=True, gc=False):
    """The book of one symbol as its topic has it; bids and asks begin with the best."""

    symbol: str
    time: int
    """Of the newest event, ms since epoch."""
    best_bid: float | None
    best_ask: float | None
    spread: float | None
    mid: float | None
    bids: list[Level]
    asks: list[Level]
    bid_depth: float
    """Quantity of the bids."""
    ask_depth: float
    imbalance: float | None
    """(bid - ask) / (bid + ask), of the depth: -1 to 1."""
    open_orders: int
    ignored: int
    """Orders that there was no room for, since the job first started."""
    expired: int
    """Orders that were forgotten because nothing was heard of them for too long."""
    updated_at: int


_json = msgspec.json.Encoder()


def messages(book: Book, codes: NDArray[np.intp], names: list[str], now_ms: int | None) -> Messages:
    """The message of each of some symbols, updated now; at its time if None."""
    bids, asks = _levels(book, codes, BUY), _levels(book, codes, SELL)
    made = []
    symbols = book.symbols.take(codes)[["orders", "ignored", "expired", "time"]].tolist()
    for place, (code, (orders, ignored, expired, time)) in enumerate(
        zip(codes.tolist(), symbols, strict=True)
    ):
        bid, ask = bids.get(place, []), asks.get(place, [])
        bid_depth, ask_depth = (fsum(level.quantity for level in side) for side in (bid, ask))
        best_bid, best_ask = (side[0].price if side else None for side in (bid, ask))
        spread = mid = None
        if best_bid is not None and best_ask is not None:
            spread, mid = best_ask - best_bid, (best_ask + best_bid) / 2
        depth = bid_depth + ask_depth
        message = Message(
            names[code],
            time,
            best_bid,
            best_ask,
            spread,
            mid,
            bid,
            ask,
            bid_depth,
            ask_depth,
            (bid_depth - ask_depth) / depth if depth else None,
            orders,
            ignored,
            expired,
            time if now_ms is None else now_ms,
        )
        made.append((names[code].encode(), _json.encode(message)))
    return Messages.of(made)


def _levels(book: Book, codes: NDArray[np.intp], side: int) -> dict[int, list[Level]]:
    """The best levels of one side, by the place of a symbol in ``codes``."""
    place_of = np.full(book.symbols.size, -1, np.int64)
    place_of[codes] = np.arange(codes.size)
    orders = book.held
    places = place_of[orders["symbol"]]
    wanted = (places >= 0) & (orders["side"] == side)
    orders, places = orders.compress(wanted), places[wanted]
    away = -orders["price"] if side == BUY else orders["price"]
    # The quantities of a level are added up in an order that does not depend on that of the orders.
    order = np.lexsort((orders["quantity"], away, places))
    prices, quantities, counts, of = _sum_levels(
        places[order], orders["price"][order], orders["quantity"][order], codes.size
    )
    levels: dict[int, list[Level]] = {}
    for place, *level in zip(
        of.tolist(), prices.tolist(), quantities.tolist(), counts.tolist(), strict=True
    ):
        levels.setdefault(place, []).append(Level(*level))
    return levels


@njit(cache=True)
def _sum_levels(places, prices, quantities, symbols):  # type: ignore[no-untyped-def]
    """The first LEVELS of each symbol; orders are sorted by symbol and price."""
    most = min(places.size, LEVELS * symbols)
    out_prices, out_quantities = np.zeros(most), np.zeros(most)
    out_counts, out_places = np.zeros(most, np.int64), np.zeros(most, np.int64)
    count = of_symbol = 0
    for i in range(places.size):
        is_new_symbol = i == 0 or places[i] != places[i - 1]
        if is_new_symbol:
            of_symbol = 0
        if is_new_symbol or prices[i] != prices[i - 1]:
            of_symbol += 1
            if of_symbol <= LEVELS:
                out_prices[count], out_places[count] = prices[i], places[i]
                count += 1
        if of_symbol <= LEVELS:
            out_quantities[count - 1] += quantities[i]
            out_counts[count - 1] += 1
    return out_prices[:count], out_quantities[:count], out_counts[:count], out_places[:count]


def pack_orders(orders: NDArray[np.void]) -> Packed:
    """Open orders as they are written down."""
    return columns.pack(orders, _ORDER_FIELDS)


def unpack_orders(packed: Packed) -> NDArray[np.void]:
    """What ``pack_orders`` was given."""
    return columns.unpack(packed, _ORDER_FIELDS, ORDER)


def pack_symbols(symbols: NDArray[np.void]) -> Packed:
    """What is known of symbols, as it is written down."""
    return columns.pack(symbols, _SYMBOL_FIELDS)


def unpack_symbols(packed: Packed) -> NDArray[np.void]:
    """What ``pack_symbols`` was given."""
    return columns.unpack(packed, _SYMBOL_FIELDS, SYMBOL)


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    book = Book(1)
    events = np.zeros(1, EVENT)
    events["rests"], events["price"], events["quantity"], events["low"] = 1, 1, 1, 1
    book.apply(events)
    list(messages(book, book.take_touched(), ["-"], 0))
    unpack_orders(pack_orders(book.held))
    unpack_symbols(pack_symbols(book.symbols))
