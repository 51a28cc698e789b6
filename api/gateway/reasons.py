"""Why a row of an upload is rejected: the codes of the pipeline, each with its sentence."""

from typing import Literal, get_args

import msgspec

Reason = Literal[
    "message_too_large",
    "invalid_utf8",
    "invalid_json",
    "not_an_object",
    "missing_field",
    "wrong_type",
    "invalid_symbol",
    "invalid_price",
    "invalid_quantity",
    "invalid_notional",
    "timestamp_too_old",
    "timestamp_ahead",
    "invalid_side",
    "invalid_trade_id",
    "invalid_exchange",
    "malformed_row",
]
"""The last is of CSV alone; all others are codes that dead letters have too."""

REASONS: tuple[Reason, ...] = get_args(Reason)


class Fault(msgspec.Struct, frozen=True, gc=False):
    """A row that is no trade: the code of what is wrong, and the sentence."""

    reason: Reason
    detail: str


TYPES = {
    "symbol": "a text",
    "price": "a number",
    "quantity": "a number",
    "timestamp": "a whole number of milliseconds since 1970",
    "side": "a text",
    "trade_id": "a text or a whole number",
    "exchange": "a text",
}
"""The fields of a trade in the order in which they are judged, and what each must be."""

MISSING = {field: Fault("missing_field", f"{field} is missing") for field in TYPES}
WRONG_TYPE = {
    field: Fault("wrong_type", f"{field} must be {type_}") for field, type_ in TYPES.items()
}

TOO_LARGE = Fault("message_too_large", "the row is over 1 MiB")
INVALID_UTF8 = Fault("invalid_utf8", "the bytes are not UTF-8")
INVALID_JSON = Fault("invalid_json", "the bytes are not JSON")
NOT_AN_OBJECT = Fault("not_an_object", "a trade must be a JSON object")
INVALID_SYMBOL = Fault("invalid_symbol", "symbol must have 1 to 32 characters")
INVALID_PRICE = Fault("invalid_price", "price must be above 0 (from 1e-15 to 1e15)")
INVALID_QUANTITY = Fault("invalid_quantity", "quantity must be above 0 (from 1e-15 to 1e15)")
INVALID_NOTIONAL = Fault("invalid_notional", "price times quantity must not be over 1e18")
TIMESTAMP_TOO_OLD = Fault("timestamp_too_old", "timestamp must not be before the year 2000")
TIMESTAMP_AHEAD = Fault("timestamp_ahead", "timestamp is too far ahead of the clock")
INVALID_SIDE = Fault("invalid_side", "side must be buy or sell")
INVALID_TRADE_ID = Fault("invalid_trade_id", "trade_id must have 1 to 64 bytes")
INVALID_EXCHANGE = Fault("invalid_exchange", "exchange must have 1 to 32 characters")
