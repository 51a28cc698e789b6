"""Trades as they are published, and the judgement of what is one: the same as the pipeline's."""

from typing import Any

import msgspec

from api.gateway import reasons
from api.gateway.reasons import Fault

MAX_ROW_BYTES = 1 << 20
MAX_SYMBOL_LENGTH = 32
MAX_TRADE_ID_LENGTH = 64
MAX_EXCHANGE_LENGTH = 32
MIN_VALUE, MAX_VALUE, MAX_NOTIONAL = 1e-15, 1e15, 1e18
OLDEST_MS = 946_684_800_000  # 2000-01-01T00:00:00Z


class Trade(msgspec.Struct, gc=False, omit_defaults=True):
    """A valid trade, as it stands on Kafka; what is optional and not there is left out."""

    symbol: str
    price: float
    quantity: float
    timestamp: int
    side: str
    trade_id: str | None = None
    exchange: str | None = None


FIELDS: tuple[str, ...] = Trade.__struct_fields__


def accepted(
    symbol: str,
    price: float,
    quantity: float,
    timestamp: int,
    side: str,
    trade_id: str | None,
    exchange: str | None,
    latest_ms: int,
) -> Trade | None:
    """The trade, if all of it is plainly valid; else None, and ``judge`` says what is wrong.

    All are of the right types, the texts without halves of surrogate pairs. ``latest_ms`` is the
    latest timestamp that is not too far ahead.
    """
    if (
        0 < len(symbol) <= MAX_SYMBOL_LENGTH
        and MIN_VALUE <= price <= MAX_VALUE
        and MIN_VALUE <= quantity <= MAX_VALUE
        and price * quantity <= MAX_NOTIONAL
        and OLDEST_MS <= timestamp <= latest_ms
        and (side == "buy" or side == "sell")
        and (trade_id is None or (0 < len(trade_id) <= MAX_TRADE_ID_LENGTH and trade_id.isascii()))
        and (exchange is None or 0 < len(exchange) <= MAX_EXCHANGE_LENGTH)
    ):
        return Trade(symbol, price, quantity, timestamp, side, trade_id, exchange)
    return None


def judge(value: Any, latest_ms: int) -> Trade | Fault:
    """The trade that a value is, or why it is none; the first thing that is wrong counts.

    Args:
        value: As JSON gives it: a dict with the fields of a trade, or whatever it is.
        latest_ms: The latest timestamp that is not too far ahead.
    """
    if not isinstance(value, dict):
        return reasons.NOT_AN_OBJECT
    for field, (is_type, fault) in _CHECKS.items():
        given = value.get(field)
        if given is None and field in ("trade_id", "exchange"):
            continue
        if field not in value:
            return reasons.MISSING[field]
        if not is_type(given):
            return reasons.WRONG_TYPE[field]
        found: Fault | None = fault(given, value, latest_ms)
        if found is not None:
            return found
    trade_id = value.get("trade_id")
    return Trade(
        value["symbol"],
        float(value["price"]),
        float(value["quantity"]),
        value["timestamp"],
        value["side"],
        None if trade_id is None else str(trade_id),
        value.get("exchange"),
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_id(value: Any) -> bool:
    return _is_text(value) or _is_integer(value)


def _is_short(text: str, limit: int) -> bool:
    """Whether a text has 1 to ``limit`` characters, all of which can be written as UTF-8."""
    return 1 <= len(text) <= limit and not any("\ud800" <= c <= "\udfff" for c in text)


def _symbol(symbol: str, *_: Any) -> Fault | None:
    return None if _is_short(symbol, MAX_SYMBOL_LENGTH) else reasons.INVALID_SYMBOL


def _price(price: float, *_: Any) -> Fault | None:
    return None if MIN_VALUE <= price <= MAX_VALUE else reasons.INVALID_PRICE


def _quantity(quantity: float, trade: dict[str, Any], _: int) -> Fault | None:
    if not MIN_VALUE <= quantity <= MAX_VALUE:
        return reasons.INVALID_QUANTITY
    too_much = float(trade["price"]) * float(quantity) > MAX_NOTIONAL
    return reasons.INVALID_NOTIONAL if too_much else None


def _timestamp(timestamp: int, _: Any, latest_ms: int) -> Fault | None:
    if timestamp < OLDEST_MS:
        return reasons.TIMESTAMP_TOO_OLD
    return reasons.TIMESTAMP_AHEAD if timestamp > latest_ms else None


def _side(side: str, *_: Any) -> Fault | None:
    return None if side in ("buy", "sell") else reasons.INVALID_SIDE


def _trade_id(trade_id: str | int, *_: Any) -> Fault | None:
    text = str(trade_id)
    is_short = _is_short(text, MAX_TRADE_ID_LENGTH) and len(text.encode()) <= MAX_TRADE_ID_LENGTH
    return None if is_short else reasons.INVALID_TRADE_ID


def _exchange(exchange: str, *_: Any) -> Fault | None:
    return None if _is_short(exchange, MAX_EXCHANGE_LENGTH) else reasons.INVALID_EXCHANGE


_CHECKS: dict[str, tuple[Any, Any]] = {
    "symbol": (_is_text, _symbol),
    "price": (_is_number, _price),
    "quantity": (_is_number, _quantity),
    "timestamp": (_is_integer, _timestamp),
    "side": (_is_text, _side),
    "trade_id": (_is_id, _trade_id),
    "exchange": (_is_text, _exchange),
}
