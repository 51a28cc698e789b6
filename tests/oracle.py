"""What Tapeline must answer, computed slowly and plainly from the contract alone.

Nothing here comes from ``udfs/``: where the pipeline is built of kernels, frames and cascaded
windows, this reads one message after the other with :mod:`json` and adds up with
:func:`math.fsum`. A system test feeds both the same records and compares.
"""

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

INTERVALS = {
    "1s": 1_000,
    "10s": 10_000,
    "1m": 60_000,
    "5m": 300_000,
    "15m": 900_000,
    "1h": 3_600_000,
    "4h": 14_400_000,
    "1d": 86_400_000,
}
MAX_MESSAGE_BYTES = 1 << 20
MAX_RECORDS = 20_000  # in one message
MAX_SYMBOL_CHARACTERS = 32
MAX_TRADE_ID_BYTES = 64
MAX_EXCHANGE_CHARACTERS = 32
MIN_AMOUNT, MAX_AMOUNT = 1e-15, 1e15  # of price and of quantity
MAX_NOTIONAL = 1e18
YEAR_2000_MS = 946_684_800_000
MAX_AHEAD_MS = 60_000
CORRECTION_MS = 900_000
JSON_SPACE = b" \t\r\n"


class Message(NamedTuple):
    """One Kafka record: its bytes, its CreateTime in ms, and where it was read from."""

    value: bytes | None
    timestamp: int
    partition: int = 0


class Trade(NamedTuple):
    """A valid trade; ``trade_id`` is its text, empty where the producer gave none."""

    symbol: str
    price: float
    quantity: float
    timestamp: int
    side: str
    trade_id: str = ""
    exchange: str = ""

    @property
    def order(self) -> tuple[int, int, bytes, float, float]:
        """Sort key that decides open and close, whatever the order of arrival.

        Of two ids the longer is the greater, so digits compare as numbers.
        """
        identifier = self.trade_id.encode()
        return self.timestamp, len(identifier), identifier, self.price, self.quantity

    @property
    def identity(self) -> object:
        """What two copies of a trade have in common."""
        if self.trade_id:
            return self.exchange, self.symbol, self.trade_id
        return self


@dataclass(frozen=True)  # a tuple's own index() leaves no room for the contract's field
class Rejected:
    """One dead letter: the record's position inside its message, and the reason's code."""

    index: int
    reason: str


class Candle(NamedTuple):
    """One final candle over ``[start, end)``, ms since the epoch, UTC."""

    symbol: str
    interval: str
    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    notional: float
    vwap: float
    trades: int
    buy_volume: float


class Expected(NamedTuple):
    """All that is to come of a list of messages."""

    candles: dict[tuple[str, str, int], Candle]  # by (symbol, interval, start)
    rejected: list[tuple[int, Rejected]]  # with the position of the message in the list
    late: list[Trade]
    duplicates: list[Trade]
    counted: list[Trade]


class Fault(Exception):
    """Something a record must not be; its text is the reason's code."""


def expected(messages: Iterable[Message], watermark_delay: int | None = None) -> Expected:
    """Compute everything for messages in the order they are read, as if all were remembered.

    With a ``watermark_delay`` (ms) trades are late as they are under a watermark that moves with
    every message: the least, over the partitions, of the newest record timestamp read before,
    less the delay. Flink moves its own every now and then, so a test that counts late trades
    must make them late beyond doubt. Without it no trade is late.
    """
    messages = list(messages)
    newest = dict.fromkeys((message.partition for message in messages), -math.inf)
    rejected: list[tuple[int, Rejected]] = []
    late: list[Trade] = []
    duplicates: list[Trade] = []
    counted: dict[object, Trade] = {}
    for position, message in enumerate(messages):
        trades, faults = read(message)
        rejected += [(position, fault) for fault in faults]
        watermark = -math.inf
        if watermark_delay is not None:
            watermark = min(newest.values()) - watermark_delay
        for trade in trades:
            if is_late(trade, watermark):
                late.append(trade)
            elif trade.identity in counted:
                duplicates.append(trade)
            else:
                counted[trade.identity] = trade
        newest[message.partition] = max(newest[message.partition], message.timestamp)
    trades = list(counted.values())
    return Expected(candles(trades), rejected, late, duplicates, trades)


def is_late(trade: Trade, watermark: float) -> bool:
    """Tell whether the trade's second was closed too long ago for a correction."""
    last_instant = trade.timestamp // 1_000 * 1_000 + 999
    return last_instant + CORRECTION_MS <= watermark


def read(message: Message) -> tuple[list[Trade], list[Rejected]]:
    """Split one message into its valid trades and its dead letters."""
    try:
        elements = split(message.value or b"")
    except Fault as fault:
        return [], [Rejected(0, str(fault))]
    trades, rejected = [], []
    for index, element in enumerate(elements):
        try:
            trades.append(validate(element, message.timestamp))
        except Fault as fault:
            rejected.append(Rejected(index, str(fault)))
    return trades, rejected


def split(value: bytes) -> list[object]:
    """Return the JSON values a message carries, a :class:`Fault` in the place of a bad one.

    An array whose brackets close is its elements, each judged by itself. What is not JSON as a
    whole is newline-separated if at least one of its lines is JSON.
    """
    if len(value) > MAX_MESSAGE_BYTES:
        raise Fault("message_too_large")
    if not value.strip(JSON_SPACE):
        raise Fault("empty_message")
    whole = parse(value)
    if isinstance(whole, list):
        elements = whole
    elif not isinstance(whole, Fault):
        elements = [whole]
    else:
        lines = [line for line in value.split(b"\n") if line.strip(JSON_SPACE)]
        elements = [parse(line) for line in lines]
        if isinstance(elements[0], Fault) and value.lstrip(JSON_SPACE).startswith(b"["):
            elements = [parse(element) for element in array_elements(value, whole)]
        elif all(isinstance(element, Fault) for element in elements):
            raise whole
    if not elements:
        raise Fault("empty_message")
    if len(elements) > MAX_RECORDS:
        raise Fault("too_many_records")
    return elements


def array_elements(value: bytes, fault: Fault) -> list[bytes]:
    """Return the elements of an array by its brackets and strings alone; else raise the fault."""
    elements: list[bytes] = []
    element, depth = b"", 0
    for token in re.findall(rb'"(?:[^"\\]|\\.)*"|.', value.strip(JSON_SPACE), re.DOTALL):
        closes = token in (b"]", b"}")
        if token == b'"' or (depth == 0 and elements):
            raise fault  # a string without an end, or more behind the array
        depth -= closes
        if depth == 1 and token == b",":
            elements.append(element)
            element = b""
        elif depth == 0 and closes:
            if token != b"]":
                raise fault
            elements.append(element)
        elif depth:
            element += token
        depth += token in (b"[", b"{")
    if depth:
        raise fault
    return elements


def parse(text: bytes) -> object:
    """Return the JSON value of ``text``, or the :class:`Fault` it has."""
    try:
        return json.loads(text.decode(), parse_constant=_refuse, parse_int=_integer)
    except UnicodeDecodeError:
        return Fault("invalid_utf8")
    except (ValueError, RecursionError):
        return Fault("invalid_json")


def _refuse(literal: str) -> None:
    raise ValueError(f"{literal} is Python's, not JSON's")


def _integer(digits: str) -> int:
    # Python reads at most 4300 digits; beyond any limit of ours, how far does not matter.
    return int(digits[:100])


def validate(element: object, record_timestamp: int) -> Trade:
    """Return the element as a trade; its first failing field is its :class:`Fault`."""
    if isinstance(element, Fault):
        raise element
    if not isinstance(element, dict):
        raise Fault("not_an_object")
    symbol = _text(element, "symbol", MAX_SYMBOL_CHARACTERS, str)
    price = _amount(element, "price")
    quantity = _amount(element, "quantity")
    if price * quantity > MAX_NOTIONAL:
        raise Fault("invalid_notional")
    timestamp = _typed(element, "timestamp", int)
    if timestamp < YEAR_2000_MS:
        raise Fault("timestamp_too_old")
    if timestamp > record_timestamp + MAX_AHEAD_MS:
        raise Fault("timestamp_ahead")
    side = _typed(element, "side", str)
    if side not in ("buy", "sell"):
        raise Fault("invalid_side")
    trade_id = exchange = ""
    if element.get("trade_id") is not None:
        trade_id = _text(element, "trade_id", MAX_TRADE_ID_BYTES, str, int)
        if len(trade_id.encode()) > MAX_TRADE_ID_BYTES:
            raise Fault("invalid_trade_id")
    if element.get("exchange") is not None:
        exchange = _text(element, "exchange", MAX_EXCHANGE_CHARACTERS, str)
    return Trade(symbol, price, quantity, timestamp, side, trade_id, exchange)


def _typed(element: dict[str, Any], field: str, *types: type) -> Any:
    if field not in element:
        raise Fault("missing_field")
    value = element[field]
    if type(value) not in types:  # not isinstance: Python's True is an int, JSON's is none
        raise Fault("wrong_type")
    return value


def _text(element: dict[str, Any], field: str, longest: int, *types: type) -> str:
    text = str(_typed(element, field, *types))
    try:
        text.encode()  # half a surrogate pair is no text
    except UnicodeEncodeError:
        raise Fault(f"invalid_{field}") from None
    if not 1 <= len(text) <= longest:
        raise Fault(f"invalid_{field}")
    return text


def _amount(element: dict[str, Any], field: str) -> float:
    amount = _typed(element, field, int, float)
    if not MIN_AMOUNT <= amount <= MAX_AMOUNT:
        raise Fault(f"invalid_{field}")
    return float(amount)


def candles(trades: Iterable[Trade]) -> dict[tuple[str, str, int], Candle]:
    """Return the candle of every symbol, interval and window that has a trade."""
    windows = defaultdict(list)
    for trade in trades:
        for interval, length in INTERVALS.items():
            windows[trade.symbol, interval, trade.timestamp // length * length].append(trade)
    return {key: candle(*key, members) for key, members in windows.items()}


def candle(symbol: str, interval: str, start: int, trades: list[Trade]) -> Candle:
    """Return the candle of the trades of one window, in whatever order they come."""
    prices = [trade.price for trade in trades]
    volume = math.fsum(trade.quantity for trade in trades)
    notional = math.fsum(trade.price * trade.quantity for trade in trades)
    return Candle(
        symbol=symbol,
        interval=interval,
        start=start,
        end=start + INTERVALS[interval],
        open=min(trades, key=lambda trade: trade.order).price,
        high=max(prices),
        low=min(prices),
        close=max(trades, key=lambda trade: trade.order).price,
        volume=volume,
        notional=notional,
        vwap=notional / volume,
        trades=len(trades),
        buy_volume=math.fsum(trade.quantity for trade in trades if trade.side == "buy"),
    )
