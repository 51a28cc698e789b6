"""FIX 4.2 judged message by message in plain Python: what the kernel must agree with.

It shares the table of ``udfs.fix42`` with it, and nothing else.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from udfs import fix42
from udfs.fix42 import FIELDS, HEADER, MESSAGES, TRAILER, Layout

SOH = b"\x01"
LENGTHS = {90: 91, 93: 89, 95: 96, 212: 213, 348: 349, 350: 351, 354: 355}
"""The tags that say how long the field after them is."""
UNKNOWN_FIELDS = 256

_NUMBER = re.compile(rb"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_TIME = re.compile(rb"[0-9]{8}-[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3}([0-9]{3})?)?")
_TAG = re.compile(rb"([1-9][0-9]{0,8})=")
_DIGITS = re.compile(rb"[0-9]{0,9}")


class Fault(NamedTuple):
    """Why a message is none."""

    reason: str
    tag: int


class Message(NamedTuple):
    """What a message says."""

    type: str
    fields: dict[int, bytes]
    """By tag, but for those inside groups and those that FIX does not have."""
    unknown: list[tuple[int, bytes]]


def make(*fields: tuple[int, object], begin: str = "FIX.4.2") -> bytes:
    """A message of these fields, with BeginString, BodyLength and CheckSum."""
    body = b"".join(
        b"%d=%s\x01" % (tag, value if isinstance(value, bytes) else str(value).encode())
        for tag, value in fields
    )
    return framed(body, begin)


def framed(body: bytes, begin: str = "FIX.4.2") -> bytes:
    """A body, with BeginString, BodyLength and CheckSum."""
    message = b"8=%s\x019=%d\x01%s" % (begin.encode(), len(body), body)
    return message + b"10=%03d\x01" % (sum(message) % 256)


def judge(message: bytes) -> Message | Fault:
    """The verdict on one message, which goes from the first byte to the last."""
    if not message.startswith(b"8="):
        return Fault("not_fix", 0)
    if not message.startswith(b"8=FIX.4.2\x01"):
        return Fault("invalid_begin_string", 8)
    if not message.startswith(b"9=", 10):
        return Fault("tag_out_of_order", 9)
    framed = re.match(rb"8=FIX\.4\.2\x019=([0-9]{1,7})\x01", message)
    if not framed:
        return Fault("invalid_body_length", 9)
    end = framed.end() + int(framed[1])
    if message[end - 1 : end] != SOH or message[end : end + 3] != b"10=" or end + 7 > len(message):
        return Fault("invalid_body_length", 9)
    trailer = re.fullmatch(rb"10=([0-9]{3})\x01", message[end : end + 7])
    if not trailer or int(trailer[1]) != sum(message[:end]) % 256:
        return Fault("invalid_checksum", 10)
    return _judge_body(message[framed.end() : end])


def _judge_body(body: bytes) -> Message | Fault:
    if not body.startswith(b"35="):
        return Fault("tag_out_of_order", 35)
    type = body[3 : body.index(SOH)].decode("latin-1")
    if not type:
        return Fault("empty_value", 35)
    if type in fix42.NOT_READ:
        return Fault("unsupported_message_type", 35)
    if type not in MESSAGES:
        return Fault("invalid_message_type", 35)
    layout = MESSAGES[type]
    fields: dict[int, bytes] = {35: type.encode()}
    unknown: list[tuple[int, bytes]] = []
    section = 0
    group: _Group | None = None
    at = len(type) + 4
    data: tuple[int, int] | None = None
    while at < len(body):
        found = _TAG.match(body, at)
        if not found:
            digits = _DIGITS.match(body, at)
            assert digits
            return Fault("malformed_field", int(digits[0] or b"0"))
        tag, at = int(found[1]), found.end()
        if data:
            if tag != data[0]:
                return Fault("missing_tag", data[0])
            end = at + data[1]
            if body[end : end + 1] != SOH:
                return Fault("invalid_format", tag)
            data = None
        else:
            end = body.index(SOH, at)
            if tag in LENGTHS.values():
                return Fault("tag_out_of_order", tag)
        value, at = body[at:end], end + 1
        if not value:
            return Fault("empty_value", tag)

        if group and tag in group.members:
            fault = group.take(tag)
            if fault:
                return Fault(fault, tag)
        else:
            if group and group.left:
                return Fault("invalid_group", group.tag)
            group = None
            if not fix42.is_defined(tag):
                if section == 2:
                    return Fault("tag_out_of_order", tag)
                section = 1
                if len(unknown) == UNKNOWN_FIELDS:
                    return Fault("too_many_fields", tag)
                if tag in dict(unknown):
                    return Fault("duplicate_tag", tag)
                unknown.append((tag, value))
                continue
            if tag in fields or tag in (8, 9):
                return Fault("duplicate_tag", tag)
            mine = 0 if tag in HEADER.tags else 2 if tag in TRAILER.tags else 1
            if mine == 1 and tag not in layout.tags:
                return Fault("tag_not_allowed", tag)
            if mine < section or tag == 10:
                return Fault("tag_out_of_order", tag)
            section = mine
            fields[tag] = value

        reason = _judge_value(tag, value)
        if reason:
            return Fault(reason, tag)
        if tag in LENGTHS:
            data = LENGTHS[tag], int(value)
        if tag in layout.groups:
            if value.startswith(b"-"):
                return Fault("invalid_value", tag)
            group = _Group(tag, layout, int(value))
    if data:
        return Fault("missing_tag", data[0])
    if group and group.left:
        return Fault("invalid_group", group.tag)
    missing = (HEADER.required | layout.required) - {8, 9} - set(fields)
    if missing:
        return Fault("missing_tag", min(missing))
    if fields.get(43) == b"Y":
        if 122 not in fields:
            return Fault("missing_tag", 122)
        if micros(fields[122]) > micros(fields[52]):
            return Fault("invalid_value", 122)
    return Message(type, fields, unknown)


class _Group:
    def __init__(self, tag: int, layout: Layout, times: int) -> None:
        self.tag = tag
        self.members = layout.groups[tag]
        self.left = times
        self._seen: set[int] | None = None

    def take(self, tag: int) -> str | None:
        """A field of the group; returns the reason why it may not stand here."""
        if tag == self.members[0]:
            self.left -= 1
            self._seen = set()
        if self._seen is None:
            return "invalid_group"
        if tag in self._seen:
            return "duplicate_tag"
        self._seen.add(tag)
        return None


# Mutants of few messages have the same values again and again.
@lru_cache(1 << 16)
def _judge_value(tag: int, value: bytes) -> str | None:
    field, text = FIELDS[tag], value.decode("latin-1")
    kind = field.type
    is_wrong = {
        "char": len(value) != 1,
        "Boolean": len(value) != 1,
        "int": not re.fullmatch(rb"-?[0-9]{1,18}", value),
        "Length": not re.fullmatch(rb"[0-9]{1,18}", value),
        "UTCTimestamp": not is_time(value),
        "LocalMktDate": not re.fullmatch(rb"[0-9]{8}", value) or not _is_day(text),
        "month-year": not re.fullmatch(rb"[0-9]{4}(0[1-9]|1[0-2])", value),
        "day-of-month": not re.fullmatch(rb"0?[1-9]|[12][0-9]|3[01]", value),
        "MultipleValueString": False,
        "data": False,
        "String": False,
        "Currency": False,
        "Exchange": False,
    }.get(kind, not _NUMBER.fullmatch(value))
    if is_wrong:
        return "invalid_format"
    if kind == "Boolean":
        return None if text in "YN" else "invalid_value"
    if kind == "MultipleValueString":
        for place, character in enumerate(text):
            if place % 2 == 1 and character != " ":
                return "invalid_format"
            if place % 2 == 0 and character not in field.values:
                return "invalid_value"
        return None if len(text) % 2 else "invalid_format"
    return "invalid_value" if field.values and text not in field.values else None


def _is_day(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return text[:4] == "0000" and _is_day("2000" + text[4:])
    return True


def is_time(value: bytes) -> bool:
    """Whether it is a UTCTimestamp."""
    text = value.decode("latin-1")
    if not _TIME.fullmatch(value) or not _is_day(text[:8]):
        return False
    return int(text[9:11]) < 24 and int(text[12:14]) < 60 and int(text[15:17]) < 60


@lru_cache(1 << 10)
def micros(value: bytes) -> int:
    """Microseconds since 1970 of a UTCTimestamp."""
    text = value.decode().ljust(18, ".").ljust(24, "0")
    time = datetime.strptime(text, "%Y%m%d-%H:%M:%S.%f").replace(tzinfo=UTC)
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
