"""Why a record is rejected: the fixed codes in ``dead_letters``, each with its sentence."""

from enum import IntEnum
from functools import cache

from udfs import fix42


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
    NOT_FIX = 20
    INVALID_BEGIN_STRING = 21
    INVALID_BODY_LENGTH = 22
    INVALID_CHECKSUM = 23
    INVALID_MESSAGE_TYPE = 24
    UNSUPPORTED_MESSAGE_TYPE = 25
    MALFORMED_FIELD = 26
    EMPTY_VALUE = 27
    DUPLICATE_TAG = 28
    TAG_OUT_OF_ORDER = 29
    TAG_NOT_ALLOWED = 30
    MISSING_TAG = 31
    INVALID_FORMAT = 32
    INVALID_VALUE = 33
    INVALID_GROUP = 34
    TOO_MANY_FIELDS = 35
    UNSUPPORTED_EXECUTION = 36

    @property
    def code(self) -> str:
        """The code as users see it, for instance ``invalid_price``."""
        return self.name.lower()


REASONS = {int(reason): reason for reason in Reason}
"""By number: faster than asking the enumeration."""


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
    Reason.NOT_FIX: "a FIX message must begin with 8=FIX.4.2",
    Reason.INVALID_BEGIN_STRING: "BeginString (8) must be FIX.4.2",
    Reason.INVALID_BODY_LENGTH: "BodyLength (9) does not lead to a CheckSum (10)",
    Reason.INVALID_CHECKSUM: "CheckSum (10) is not the sum of the bytes before it",
    Reason.INVALID_MESSAGE_TYPE: "MsgType (35) is no type of FIX 4.2",
    Reason.UNSUPPORTED_MESSAGE_TYPE: "MsgType (35) is a type that is not read",
    Reason.MALFORMED_FIELD: "what stands between two SOH is no tag, equals sign and value",
    Reason.EMPTY_VALUE: "{tag} has no value",
    Reason.DUPLICATE_TAG: "{tag} is there twice",
    Reason.TAG_OUT_OF_ORDER: "{tag} stands where it must not",
    Reason.TAG_NOT_ALLOWED: "{tag} does not belong into a message of this type",
    Reason.MISSING_TAG: "{tag} is missing",
    Reason.INVALID_FORMAT: "{tag} is not written as its type is",
    Reason.INVALID_VALUE: "{tag} has none of the values that it may have",
    Reason.INVALID_GROUP: "{tag} does not fit the fields of its repeating group",
    Reason.UNSUPPORTED_EXECUTION: "ExecTransType (20) takes back a trade, which candles cannot do",
    Reason.TOO_MANY_FIELDS: "the message has more than 256 fields that FIX 4.2 does not have",
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


@cache
def texts(reason: Reason, field: Field) -> tuple[str, str]:
    """Code and sentence of what is wrong with a trade in JSON."""
    return reason.code, detail(reason, field)


@cache
def fix_texts(reason: Reason, tag: int) -> tuple[str, str]:
    """Code and sentence of what is wrong with a message of FIX, the tag at fault named."""
    field = fix42.FIELDS.get(tag)
    name = f"{field.name} ({tag})" if field else f"tag {tag}" if tag else "a field"
    return reason.code, _SENTENCES[reason].format(tag=name)
