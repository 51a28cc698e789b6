"""Why a record is rejected: the fixed codes in ``dead_letters``, each with its sentence."""

from enum import IntEnum
from functools import cache


class Reason(IntEnum):
    """A reason code; its lower-case name is what users see."""

    EMPTY_MESSAGE = 1
    MESSAGE_TOO_LARGE = 2
    TOO_MANY_RECORDS = 3
    INVALID_UTF8 = 4
    INVALID_JSON = 5
    NOT_AN_OBJECT = 6
    MISSING_FIELD = 7
    WRONG_TYPE = 8
    INVALID_SYMBOL = 9
    INVALID_PRICE = 10
    INVALID_QUANTITY = 11
    INVALID_NOTIONAL = 12
    TIMESTAMP_TOO_OLD = 13
    TIMESTAMP_AHEAD = 14
    INVALID_SIDE = 15
    INVALID_TRADE_ID = 16
    INVALID_EXCHANGE = 17
    INTERNAL_ERROR = 18
    TOO_MANY_SYMBOLS = 19

    @property
    def code(self) -> str:
        """The code as users see it, for instance ``invalid_price``."""
        return self.name.lower()


class Field(IntEnum):
    """A field of a trade, in the order in which they are checked."""

    NONE = 0
    SYMBOL = 1
    PRICE = 2
    QUANTITY = 3
    TIMESTAMP = 4
    SIDE = 5
    TRADE_ID = 6
    EXCHANGE = 7


_TYPES = {
    Field.SYMBOL: "a string",
    Field.PRICE: "a JSON number",
    Field.QUANTITY: "a JSON number",
    Field.TIMESTAMP: "a whole number of milliseconds since 1970",
    Field.SIDE: "a string",
    Field.TRADE_ID: "a string or a whole number",
    Field.EXCHANGE: "a string",
}

_SENTENCES = {
    Reason.EMPTY_MESSAGE: "the message holds no record",
    Reason.MESSAGE_TOO_LARGE: "the message is over 1 MiB",
    Reason.TOO_MANY_RECORDS: "the message holds more than 20,000 records",
    Reason.INVALID_UTF8: "the bytes are not UTF-8",
    Reason.INVALID_JSON: "the bytes are not JSON",
    Reason.NOT_AN_OBJECT: "a trade must be a JSON object",
    Reason.INVALID_SYMBOL: "symbol must have 1 to 32 characters",
    Reason.INVALID_PRICE: "price must be above 0 (from 1e-15 to 1e15)",
    Reason.INVALID_QUANTITY: "quantity must be above 0 (from 1e-15 to 1e15)",
    Reason.INVALID_NOTIONAL: "price times quantity must not be over 1e18",
    Reason.TIMESTAMP_TOO_OLD: "timestamp must not be before the year 2000",
    Reason.TIMESTAMP_AHEAD: "timestamp is too far ahead of the time of the Kafka record",
    Reason.INVALID_SIDE: "side must be buy or sell",
    Reason.INVALID_TRADE_ID: "trade_id must have 1 to 64 bytes",
    Reason.INVALID_EXCHANGE: "exchange must have 1 to 32 characters",
    Reason.INTERNAL_ERROR: "the decoder failed on this message; please report it",
    Reason.TOO_MANY_SYMBOLS: "there are too many symbols to make candles of this one too",
}


@cache
def detail(reason: Reason, field: Field) -> str:
    """The sentence that goes with a reason, naming the field where there is one."""
    name = field.name.lower()
    if reason is Reason.MISSING_FIELD:
        return f"{name} is missing"
    if reason is Reason.WRONG_TYPE:
        return f"{name} must be {_TYPES[field]}"
    return _SENTENCES[reason]
