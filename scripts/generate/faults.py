"""Every way to break a trade, with the reason that Tapeline must give for it."""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Literal, NamedTuple

import msgspec

from scripts.generate.trade import Trade

Form = Literal["messages", "lines", "columns"]
OVERSIZE_BYTES = 1 << 20


class Scope(IntEnum):
    """What a broken record still is, and so how much around it a reader can save."""

    OBJECT = 0  # a JSON object: costs nothing but itself
    VALUE = 1  # JSON, but no object
    LINE = 2  # no JSON: breaks an array, but is one bad line among good ones
    MESSAGE = 3  # only ever a whole message


class Fault(NamedTuple):
    """One kind of broken record; ``spoil`` returns what to encode in the trade's place."""

    reason: str
    scope: Scope
    spoil: Callable[[Trade], object]


def _changed(reason: str, **changes: Callable[[Trade], object]) -> Fault:
    def spoil(trade: Trade) -> dict[str, object]:
        changed = {name: change(trade) for name, change in changes.items()}
        return msgspec.structs.asdict(trade) | changed

    return Fault(reason, Scope.OBJECT, spoil)


def _missing(field: str) -> Fault:
    def spoil(trade: Trade) -> dict[str, object]:
        return {name: v for name, v in msgspec.structs.asdict(trade).items() if name != field}

    return Fault("missing_field", Scope.OBJECT, spoil)


def _with_price(literal: bytes) -> Callable[[Trade], object]:
    def spoil(trade: Trade) -> dict[str, Any]:
        return msgspec.structs.asdict(trade) | {"price": msgspec.Raw(literal)}

    return spoil


def _truncated(trade: Trade) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(trade)[:-9])


def _latin_1(trade: Trade) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(trade).replace(b'"exchange":"', b'"exchange":"\xc4'))


FAULTS = (
    Fault("invalid_json", Scope.LINE, _truncated),
    Fault("invalid_json", Scope.LINE, lambda t: msgspec.Raw(t.symbol.encode())),
    Fault("invalid_json", Scope.LINE, _with_price(b"NaN")),
    Fault("invalid_json", Scope.LINE, _with_price(b"-Infinity")),
    Fault("invalid_utf8", Scope.LINE, _latin_1),
    Fault("not_an_object", Scope.VALUE, lambda t: t.symbol),
    Fault("not_an_object", Scope.VALUE, lambda t: t.price),
    Fault("not_an_object", Scope.VALUE, lambda t: None),
    Fault("empty_message", Scope.MESSAGE, lambda t: msgspec.Raw(b"")),
    _missing("symbol"),
    _missing("price"),
    _missing("quantity"),
    _missing("timestamp"),
    _missing("side"),
    _changed("wrong_type", symbol=lambda t: None),
    _changed("wrong_type", price=lambda t: str(t.price)),
    _changed("wrong_type", quantity=lambda t: True),
    _changed("wrong_type", timestamp=lambda t: t.timestamp + 0.5),
    _changed("wrong_type", side=lambda t: 1),
    _changed("wrong_type", trade_id=lambda t: float(t.trade_id)),
    _changed("invalid_symbol", symbol=lambda t: ""),
    _changed("invalid_symbol", symbol=lambda t: t.symbol.ljust(33, "X")),
    _changed("invalid_price", price=lambda t: 0.0),
    _changed("invalid_price", price=lambda t: -t.price),
    _changed("invalid_quantity", quantity=lambda t: 0.0),
    _changed("invalid_quantity", quantity=lambda t: -t.quantity),
    _changed("invalid_side", side=lambda t: t.side.upper()),
    _changed("invalid_side", side=lambda t: ""),
    _changed("timestamp_too_old", timestamp=lambda t: t.timestamp // 1_000),  # seconds
    _changed("timestamp_ahead", timestamp=lambda t: t.timestamp * 1_000),  # microseconds
)
OF_VALUES = (
    *("invalid_symbol", "invalid_price", "invalid_quantity", "invalid_side"),
    *("timestamp_too_old", "timestamp_ahead"),
)
OVERSIZED = Fault(
    "message_too_large",
    Scope.MESSAGE,
    lambda t: msgspec.structs.asdict(t) | {"note": "x" * OVERSIZE_BYTES},
)
FAULTS_OF: dict[Form, tuple[Fault, ...]] = {
    "messages": FAULTS,
    "lines": tuple(fault for fault in FAULTS if fault.scope <= Scope.LINE),
    "columns": tuple(fault for fault in FAULTS if fault.reason in OF_VALUES),
}
"""Those that a form can hold: a line is not empty, and fields of a column have one type."""
