"""FIX 4.2 messages of orders and executions, and every way to break one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

BUY, SELL = "1", "2"
NEW, PARTIAL_FILL, FILL, CANCELED, REPLACED = "0", "1", "2", "4", "5"
"""ExecType (150); as OrdStatus (39) too, but for REPLACED."""
Fields = list[tuple[int, str]]
"""Tags and values in the order in which they are sent."""


@dataclass(slots=True)
class Order:
    """An order as its venue knows it."""

    symbol: str
    exchange: str
    firm: str
    client_id: str
    """ClOrdID, of the newest request that was granted."""
    venue_id: str
    side: str
    price: str
    quantity: int
    """In lots."""
    lot: int
    """Decimals of a quantity: a lot is 10 to the minus this."""
    filled: int = 0
    paid: float = 0.0
    """The sum of price times lots of its fills."""

    @property
    def left(self) -> int:
        """What may still be filled, in lots."""
        return self.quantity - self.filled

    def amount(self, lots: int) -> str:
        """Lots as a quantity."""
        return f"{lots / 10**self.lot:.{self.lot}f}"


class Writer:
    """Writes messages, with the sequence numbers of each sender."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._executions = 0
        self._second, self._date = -1, ""

    def new(self, order: Order, ms: int) -> bytes:
        """NewOrderSingle: the firm's request."""
        message = self._begin("D", order.firm, order.exchange, ms)
        message += [(11, order.client_id), (21, "1"), *_what(order), (60, self._time(ms))]
        message += [(38, order.amount(order.quantity)), (40, "2"), (44, order.price), (59, "0")]
        return _encoded(message)

    def cancel(self, order: Order, client_id: str, ms: int) -> bytes:
        """OrderCancelRequest."""
        message = self._begin("F", order.firm, order.exchange, ms)
        message += [(41, order.client_id), (11, client_id), *_what(order)]
        message += [(60, self._time(ms)), (38, order.amount(order.quantity))]
        return _encoded(message)

    def replace(self, order: Order, client_id: str, price: str, quantity: int, ms: int) -> bytes:
        """OrderCancelReplaceRequest, for another price and quantity."""
        message = self._begin("G", order.firm, order.exchange, ms)
        message += [(41, order.client_id), (11, client_id), (21, "1"), *_what(order)]
        message += [(60, self._time(ms)), (38, order.amount(quantity)), (40, "2"), (44, price)]
        return _encoded(message)

    def report(
        self,
        order: Order,
        kind: str,
        ms: int,
        before: str | None = None,
        fill: tuple[str, int] | None = None,
    ) -> bytes:
        """ExecutionReport: what the venue did.

        Args:
            order: As it is now.
            kind: ExecType.
            ms: When, ms since the epoch.
            before: Its ClOrdID of before, where a request has given it another.
            fill: Price and lots, where it was filled.
        """
        self._executions += 1
        message = self._begin("8", order.exchange, order.firm, ms)
        message += [(37, order.venue_id), (11, order.client_id)]
        if before:
            message += [(41, before)]
        status = kind if kind != REPLACED else PARTIAL_FILL if order.filled else NEW
        message += [(17, f"E{self._executions}"), (20, "0"), (150, kind), (39, status)]
        message += [*_what(order), (38, order.amount(order.quantity)), (44, order.price)]
        if fill:
            price, lots = fill
            message += [(32, order.amount(lots)), (31, price), (30, order.exchange)]
        left = 0 if kind == CANCELED else order.left
        average = order.paid / order.filled if order.filled else 0.0
        message += [(151, order.amount(left)), (14, order.amount(order.filled))]
        message += [(6, f"{average:.8f}"), (60, self._time(ms))]
        return _encoded(message)

    def refuse(self, order: Order, client_id: str, ms: int) -> bytes:
        """OrderCancelReject: the order is filled, it can be neither cancelled nor replaced."""
        message = self._begin("9", order.exchange, order.firm, ms)
        message += [(37, order.venue_id), (11, client_id), (41, order.client_id), (39, FILL)]
        message += [(60, self._time(ms)), (434, "1"), (102, "0")]
        return _encoded(message)

    def heartbeat(self, sender: str, target: str, ms: int) -> bytes:
        """Heartbeat: the session goes on."""
        return _encoded(self._begin("0", sender, target, ms))

    def _begin(self, kind: str, sender: str, target: str, ms: int) -> Fields:
        number = self._numbers[sender, target] = self._numbers.get((sender, target), 0) + 1
        route = [(35, kind), (49, sender), (56, target)]
        return [*route, (34, str(number)), (52, self._time(ms))]

    def _time(self, ms: int) -> str:
        second, rest = divmod(ms, 1_000)
        if second != self._second:
            self._second = second
            self._date = datetime.fromtimestamp(second, UTC).strftime("%Y%m%d-%H:%M:%S")
        return f"{self._date}.{rest:03d}"


def _what(order: Order) -> tuple[tuple[int, str], tuple[int, str]]:
    return (55, order.symbol), (54, order.side)


def _encoded(message: Fields) -> bytes:
    return _framed("".join([f"{tag}={value}\x01" for tag, value in message]).encode())


def _framed(body: bytes) -> bytes:
    """A body with BeginString, and the right BodyLength and CheckSum."""
    message = b"8=FIX.4.2\x019=%d\x01%s" % (len(body), body)
    return message + b"10=%03d\x01" % (sum(message) % 256)


class Fault(NamedTuple):
    """One kind of broken message; ``spoil`` returns what to send in the message's place."""

    reason: str
    spoil: Callable[[bytes], bytes]


def _field(tag: int, new: bytes) -> Callable[[bytes], bytes]:
    """Puts something else in place of a field; framed anew."""

    def spoil(message: bytes) -> bytes:
        body = message[message.index(b"\x0135=") + 1 : -7]
        return _framed(re.sub(rb"(?<=\x01)%d=[^\x01]*\x01" % tag, new, body, count=1))

    return spoil


def _of_type(kind: bytes) -> Callable[[bytes], bytes]:
    def spoil(message: bytes) -> bytes:
        body = message[message.index(b"\x0135=") + 1 : -7]
        return _framed(b"35=" + kind + body[4:])

    return spoil


FAULTS = (
    Fault("invalid_checksum", lambda m: m[:-4] + b"%03d\x01" % ((int(m[-4:-1]) + 1) % 256)),
    Fault("invalid_checksum", lambda m: m[:-2] + b"x\x01"),
    Fault("invalid_body_length", lambda m: m.replace(b"\x019=", b"\x019=9", 1)),
    Fault("invalid_body_length", lambda m: m[: len(m) // 2]),
    Fault("invalid_begin_string", lambda m: m.replace(b"FIX.4.2", b"FIX.4.1", 1)),
    Fault("not_fix", lambda m: m.replace(b"\x01", b"|")[10:]),
    Fault("empty_message", lambda m: b""),
    Fault("missing_tag", _field(49, b"")),
    Fault("missing_tag", _field(54, b"")),
    Fault("empty_value", _field(55, b"55=\x01")),
    Fault("duplicate_tag", _field(55, b"55=A\x0155=A\x01")),
    Fault("malformed_field", _field(55, b"55\x01")),
    Fault("tag_not_allowed", _field(55, b"55=A\x01112=A\x01")),
    Fault("invalid_value", _field(54, b"54=0\x01")),
    Fault("invalid_format", _field(60, b"60=2026-01-01\x01")),
    Fault("invalid_message_type", _of_type(b"?")),
    Fault("unsupported_message_type", _of_type(b"E")),
)
"""Every way to break a message that has symbol, side and time, with the reason that Tapeline must
give for it."""
