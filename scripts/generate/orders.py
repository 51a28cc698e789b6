"""A feed of FIX: the life of orders around the prices of a made-up market."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import NamedTuple

import numpy as np

from scripts.generate.clock import EventTimes, steady
from scripts.generate.feed import Feed, walk
from scripts.generate.fix import (
    BUY,
    CANCELED,
    FAULTS,
    FILL,
    NEW,
    PARTIAL_FILL,
    REPLACED,
    SELL,
    Order,
    Writer,
)
from scripts.generate.instruments import Instrument, listing
from scripts.generate.market import Market
from scripts.generate.messages import Message

FIRMS = 20
OPEN_ORDERS = 50
"""Of a symbol; with more, orders are rather cancelled than sent."""
REPLACES = 0.2
"""Share of requests for open orders that change one, instead of cancelling it."""
HEARTBEAT_EVERY = 1_000
"""Messages."""
DEPTH_TICKS = 10
"""Orders stand so far from the market's price on average."""


class Mix(NamedTuple):
    """Of so many messages are about orders, and so many tell of trades."""

    orders: int
    trades: int


@dataclass
class _Book:
    """The open orders of one instrument."""

    instrument: Instrument
    orders: list[Order] = field(default_factory=list)


class OrderFlow:
    """What firms ask for and what their venue answers, one message after another.

    Every request is answered by the next message of the same symbol: a new order stands in the
    book, one that is cancelled does not, a replaced one has another price and quantity. Trades
    fill the open orders, the best first, some in parts.
    """

    def __init__(self, instruments: list[Instrument], mix: Mix, rng: np.random.Generator) -> None:
        self._books = [_Book(instrument) for instrument in instruments]
        self._trade_share = mix.trades / (mix.orders + mix.trades)
        self._rng = rng
        self._writer = Writer()
        self._answers: deque[tuple[_Book, Callable[[int], bytes]]] = deque()
        self._requests = self._orders = self._messages = 0

    @property
    def open_orders(self) -> list[list[Order]]:
        """Of each instrument."""
        return [book.orders for book in self._books]

    def next(self, symbol: int, price: float, ms: int) -> tuple[str, bytes]:
        """The symbol and the bytes of the next message.

        Args:
            symbol: Whose turn it is, if nobody waits for an answer.
            price: The market's, of that symbol.
            ms: When.
        """
        self._messages += 1
        if self._messages % HEARTBEAT_EVERY == 0:
            instrument = self._books[symbol].instrument
            return instrument.symbol, self._writer.heartbeat(instrument.exchange, self._firm(), ms)
        if self._rng.random() < self._trade_share and self._books[symbol].orders:
            return self._books[symbol].instrument.symbol, self._fill(self._books[symbol], price, ms)
        if self._answers:
            book, answer = self._answers.popleft()
            return book.instrument.symbol, answer(ms)
        book = self._books[symbol]
        busy = len(book.orders) / OPEN_ORDERS
        request = self._new if self._rng.random() > busy / 2 else self._change
        return book.instrument.symbol, request(book, price, ms)

    def _new(self, book: _Book, price: float, ms: int) -> bytes:
        self._orders += 1
        side = BUY if self._rng.random() < 0.5 else SELL
        lots = self._lots(book)
        order = Order(
            symbol=book.instrument.symbol,
            exchange=book.instrument.exchange,
            firm=self._firm(),
            client_id=self._client_id(),
            venue_id=f"V{self._orders}",
            side=side,
            price=self._price(book, price, side),
            quantity=lots,
            lot=book.instrument.quantity_digits,
        )

        def accept(ms: int) -> bytes:
            book.orders.append(order)
            return self._writer.report(order, NEW, ms)

        self._answers.append((book, accept))
        return self._writer.new(order, ms)

    def _change(self, book: _Book, price: float, ms: int) -> bytes:
        order = book.orders[int(self._rng.integers(len(book.orders)))]
        client_id = self._client_id()
        if self._rng.random() >= REPLACES:

            def cancelled(ms: int) -> bytes:
                if not order.left:
                    return self._writer.refuse(order, client_id, ms)
                book.orders.remove(order)
                before, order.client_id = order.client_id, client_id
                return self._writer.report(order, CANCELED, ms, before=before)

            self._answers.append((book, cancelled))
            return self._writer.cancel(order, client_id, ms)
        wanted = self._price(book, price, order.side)
        quantity = order.filled + self._lots(book)

        def replaced(ms: int) -> bytes:
            if not order.left:
                return self._writer.refuse(order, client_id, ms)
            before, order.client_id, order.price = order.client_id, client_id, wanted
            order.quantity = max(quantity, order.filled + 1)
            return self._writer.report(order, REPLACED, ms, before=before)

        self._answers.append((book, replaced))
        return self._writer.replace(order, client_id, wanted, quantity, ms)

    def _fill(self, book: _Book, price: float, ms: int) -> bytes:
        order = min(book.orders, key=lambda each: abs(float(each.price) - price))
        lots = order.left
        if self._rng.random() < 0.5:
            lots = int(self._rng.integers(1, order.left + 1))
        order.filled += lots
        order.paid += lots * float(order.price)
        kind = PARTIAL_FILL if order.left else FILL
        if not order.left:
            book.orders.remove(order)
        return self._writer.report(order, kind, ms, fill=(order.price, lots))

    def _price(self, book: _Book, price: float, side: str) -> str:
        digits = book.instrument.price_digits
        away = (1 + self._rng.exponential(DEPTH_TICKS)) / 10**digits
        limit = price - away if side == BUY else price + away
        return f"{max(limit, 1 / 10**digits):.{digits}f}"

    def _lots(self, book: _Book) -> int:
        instrument = book.instrument
        quantity = instrument.quantity * np.exp(self._rng.standard_normal())
        return max(1, int(quantity * 10**instrument.quantity_digits))

    def _firm(self) -> str:
        return f"FIRM{int(self._rng.integers(1, FIRMS + 1)):02d}"

    def _client_id(self) -> str:
        self._requests += 1
        return f"C{self._requests}"


def blocks(feed: Feed, mix: Mix, event_times: EventTimes | None = None) -> Iterator[list[Message]]:
    """Yield the feed's messages in the order of sending, ``feed.block`` messages of FIX at a time.

    Args:
        feed: What to make; its records are messages of FIX, ``packed`` of them in one.
        mix: How many of them are about orders and how many tell of trades.
        event_times: Where event times come from, instead of :func:`steady`.
    """
    event_times = event_times or steady(feed.start_ms, feed.rate)
    rng = np.random.default_rng(feed.seed)
    instruments = listing(feed.symbols, rng)
    market = Market(instruments, rng)
    flow = OrderFlow(instruments, mix, rng)
    kinds = cycle(FAULTS)
    for made, times, broken in walk(feed, market, event_times):
        messages: list[Message] = []
        columns = (made.symbol.tolist(), made.price.tolist(), times.tolist(), broken.tolist())
        for symbol, price, ms, bad in zip(*columns, strict=True):
            name, value = flow.next(symbol, price, ms)
            if bad and b"\x0155=" in value:
                fault = next(kinds)
                messages.append(
                    Message(name.encode(), fault.spoil(value), ms, 0, ((0, fault.reason),))
                )
            else:
                messages.append(Message(name.encode(), value, ms, 1))
        yield list(_packed(messages, feed.packed))


def _packed(messages: list[Message], most: int) -> Iterator[Message]:
    """Puts up to so many messages of FIX of a symbol into one of Kafka, where none is broken.

    So those of a symbol stay in one partition, and in their order.
    """
    if most == 1:
        yield from messages
        return
    together: dict[bytes, list[Message]] = {}
    for message in messages:
        if message.rejected:
            yield message
            continue
        of_symbol = together.setdefault(message.key, [])
        of_symbol.append(message)
        if len(of_symbol) == most:
            yield _joined(of_symbol)
            of_symbol.clear()
    yield from (_joined(rest) for rest in together.values() if rest)


def _joined(messages: list[Message]) -> Message:
    value = b"".join(message.value for message in messages)
    newest = max(message.timestamp_ms for message in messages)
    return Message(messages[0].key, value, newest, len(messages))
