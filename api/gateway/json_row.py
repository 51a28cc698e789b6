"""A row of NDJSON: the trade that a line is, or why it is none."""

import json
from typing import Any

import msgspec

from api.gateway import reasons
from api.gateway.reasons import Fault
from api.gateway.trade import Trade, accepted, judge

_LONGEST_INTEGER = 100  # digits; a longer one is out of all bounds


class _Usual(msgspec.Struct, gc=False):
    """A trade whose fields have the types that they usually have."""

    symbol: str
    price: float
    quantity: float
    timestamp: int
    side: str
    trade_id: str | int | None = None
    exchange: str | None = None


_usual = msgspec.json.Decoder(_Usual).decode


def judge_line(line: bytes, latest_ms: int) -> Trade | Fault:
    """Judge a line that holds one JSON value, and is not blank.

    Args:
        line: Its bytes.
        latest_ms: The latest timestamp that is not too far ahead.
    """
    found = _quickly(line, latest_ms)
    if found is not None:
        return found
    value = _value(line)
    return value if isinstance(value, Fault) else judge(value, latest_ms)


def _quickly(line: bytes, latest_ms: int) -> Trade | None:
    """The trade of a line that is plainly one."""
    # In fields that it does not know the decoder looks at neither bytes nor escapes.
    if not line.isascii() or b"\\" in line:
        return None
    try:
        row = _usual(line)
    except (msgspec.MsgspecError, RecursionError):
        return None
    trade_id = row.trade_id
    return accepted(
        row.symbol,
        row.price,
        row.quantity,
        row.timestamp,
        row.side,
        trade_id if trade_id is None else str(trade_id),
        row.exchange,
        latest_ms,
    )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(
    parse_constant=_refuse_constant, parse_int=lambda digits: int(digits[:_LONGEST_INTEGER])
)


def _value(line: bytes) -> Any:
    """What the line says; a fault if it says nothing."""
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        # msgspec is the faster judge, but refuses huge numbers and halves of surrogate pairs.
        if b"\\u" not in line and "out of range" not in str(error):
            return reasons.INVALID_JSON if _is_text(line) else reasons.INVALID_UTF8
    except UnicodeDecodeError:
        pass  # broken bytes, or an escaped half of a surrogate pair
    except RecursionError:
        return reasons.INVALID_JSON
    try:
        return _decoder.decode(line.decode())
    except UnicodeDecodeError:
        return reasons.INVALID_UTF8
    except (ValueError, RecursionError):
        return reasons.INVALID_JSON


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
