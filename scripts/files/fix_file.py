"""Rows of a log of FIX: its messages, one a line or one after the other."""

import mmap
import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np

from scripts.files.lines import batches
from scripts.files.rows import NO_TIME, Batch, objects
from scripts.files.times import sure

SOH = b"\x01"
BEGIN = b"8=FIX"
_TRAILER_BYTES = 7  # 10=000 and SOH
_DIGITS = b"0123456789"
_HEADER = re.compile(rb"8=FIX[T.0-9]{1,8}[\x01|]9=")


class FixFile:
    """A log of FIX, mapped into memory.

    Fields end with SOH or with ``|``, which becomes SOH again. What stands before the message of a
    line is the log's own; a line without a message, and what follows one, is sent as it stands.

    Args:
        path: Where it is.
        latest_ms: The latest time that is not too far ahead.
    """

    def __init__(self, path: Path, latest_ms: int) -> None:
        self._path = path
        self._latest_ms = latest_ms

    def read(self, first: int, batch_rows: int) -> Iterator[Batch]:
        """Yield the messages from ``first`` on; the key is Symbol (55).

        The event time is TransactTime (60), or SendingTime (52) where there is none.
        """
        with self._path.open("rb") as file:
            if not file.seek(0, 2):
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                for some in batches(islice(messages(text), first, None), batch_rows):
                    yield self._batch(some)

    def _batch(self, found: list[bytes]) -> Batch:
        times = [time_ms(_field(m, b"60") or _field(m, b"52")) for m in found]
        return Batch(
            sure(times, self._latest_ms),
            objects([_field(message, b"55") for message in found]),
            objects(found),
            np.array([not is_whole(message) for message in found], dtype=np.bool_),
        )


def messages(text: mmap.mmap | bytes) -> Iterator[bytes]:
    """Find the messages of a log, and what is none.

    A message whose BodyLength is right may hold whatever; any other ends with its CheckSum, or
    else with its line or where the next one begins.
    """
    at, end, begin, stop = 0, len(text), 0, -1
    is_fresh = True  # the line has had no message yet
    while at < end:
        if 0 <= begin <= at:
            begin = _begin(text, at)
        if stop < at:
            stop = text.find(b"\n", at)
            stop = end if stop < 0 else stop
        if begin < 0 or stop < begin:
            yield from _line(text[at:stop])
            at, is_fresh = stop + 1, True
            continue
        if not is_fresh:
            yield from _line(text[at:begin])
        message, at = _message(text, begin, stop)
        yield message
        is_fresh = False


def is_whole(message: bytes) -> bool:
    """Whether BodyLength leads to the end, so that others may follow in the same Kafka record."""
    return _end(message, 0, SOH) == len(message)


@lru_cache(1 << 16)
def time_ms(text: bytes) -> int:
    """UTCTimestamp, ``20260101-12:00:00`` with or without a fraction, as ms; or ``NO_TIME``."""
    try:
        seconds = _seconds(text[:17])
    except ValueError:
        return NO_TIME
    fraction = text[18:21].ljust(3, b"0")
    if text[17:18] not in (b"", b".") or not fraction.isdigit():
        return NO_TIME
    return seconds * 1_000 + int(fraction)


@lru_cache(1 << 10)
def _seconds(text: bytes) -> int:
    moment = datetime.strptime(f"{text.decode('ascii', 'replace')}Z", "%Y%m%d-%H:%M:%S%z")
    return int(moment.timestamp())


def _begin(text: mmap.mmap | bytes, at: int) -> int:
    """Where the next message begins, or -1: not inside of a field such as ``58=FIX``."""
    while (at := text.find(BEGIN, at)) > 0 and text[at - 1] in _DIGITS:
        if _HEADER.match(text, at):  # a message that was cut off may end with a digit
            break
        at += 1
    return at


def _end(text: mmap.mmap | bytes, begin: int, separator: bytes) -> int:
    """Where the message ends by its BodyLength, or -1 if no CheckSum is there."""
    first = text.find(separator + b"9=", begin, begin + 32) + 3
    last = text.find(separator, first, first + 12)
    if first < 3 or last < 0 or not text[first:last].isdigit():
        return -1
    end = last + 1 + int(text[first:last]) + _TRAILER_BYTES
    trailer = text[end - _TRAILER_BYTES : end]
    is_there = len(trailer) == _TRAILER_BYTES and trailer.startswith(b"10=")
    return end if is_there and trailer.endswith(separator) else -1


def _message(text: mmap.mmap | bytes, begin: int, line: int) -> tuple[bytes, int]:
    """The message that begins there, with SOH, and where it ends; its line ends at ``line``."""
    pipe = text.find(b"|", begin, begin + 16)
    soh = text.find(SOH, begin, begin + 16)
    separator = b"|" if pipe >= 0 and (soh < 0 or pipe < soh) else SOH
    end = _end(text, begin, separator)
    if end < 0:
        following = _begin(text, begin + len(BEGIN))
        limit = min(line, following) if following >= 0 else line
        trailer = text.find(separator + b"10=", begin, limit)
        end = text.find(separator, trailer + 4, limit) + 1 if trailer >= 0 else 0
        end = end or limit
    message = text[begin:end]
    if separator != SOH:
        message = message.replace(separator, SOH)
    return message, end


def _line(text: bytes) -> Iterator[bytes]:
    """What is no message, unless it is blank."""
    text = text.removesuffix(b"\r")
    if text.strip():
        yield text


def _field(message: bytes, tag: bytes) -> bytes:
    first = message.find(SOH + tag + b"=")
    if first < 0:
        return b""
    first += len(tag) + 2
    last = message.find(SOH, first)
    return message[first:last] if last >= 0 else b""
