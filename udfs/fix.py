"""FIX 4.2 messages from Kafka records: the fields of the valid ones, the others with their reason.

A record holds one message or several, one after the other. Each is proved by its BodyLength and
its CheckSum and judged by the table of ``udfs.fix42``; a broken one is rejected by itself.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from udfs import fix_rules, fix_scanner, scanner
from udfs.buffers import buffers_of, chunk_end
from udfs.fix42 import NOT_READ
from udfs.reasons import Reason, fix_texts
from udfs.rejects import ROW, Reject, Rejects

NO_TIME = np.iinfo(np.int64).min
"""In place of a time that a message does not have."""

_TYPE = np.array([ord(type) for type in fix_rules.TYPES], np.uint8).view("S1")


@dataclass(frozen=True, slots=True)
class Messages:
    """The n valid messages of a batch, but for those of the session."""

    places: NDArray[np.int32]
    """(n, 4) of each the Kafka record, which message of that it is, and where in ``data`` it begins
    and ends."""
    types: NDArray[np.bytes_]
    """(n,) of S1, the MsgType (35)."""
    symbols: list[bytes]
    """Every symbol, once."""
    exchanges: list[bytes]
    """Every LastMkt (30), once."""
    names: NDArray[np.int32]
    """(n, 2) codes into symbols and exchanges; -1: none."""
    data: NDArray[np.uint8]
    """The bytes that the places are in."""
    sessions: NDArray[np.int64]
    """(records,) how many messages of a session are in each Kafka record."""
    rejects: Rejects
    unknown: NDArray[np.int32]
    """(., 4) message, tag, place and length of each field with a tag that FIX 4.2 does not have."""
    numbers: NDArray[np.float64]
    """(n, 9) the values of ``fix_rules.NUMBERS``; NaN where a message has none."""
    times: NDArray[np.int64]
    """(n, 3) of ``fix_rules.TIMES``, microseconds since 1970; NO_TIME where there is none."""
    characters: NDArray[np.uint8]
    """(n, 7) the codes of ``fix_rules.CHARACTERS``; 0 where there is none."""
    texts: NDArray[np.int32]
    """(n, 9, 2) place and length in ``data`` of ``fix_rules.TEXTS``; length 0: none."""

    def number(self, tag: int) -> NDArray[np.float64]:
        """(n,) the values of one of ``fix_rules.NUMBERS``; NaN where a message has none."""
        return self.numbers[:, fix_rules.NUMBERS.index(tag)]

    def time(self, tag: int) -> NDArray[np.int64]:
        """(n,) microseconds since 1970, of one of ``fix_rules.TIMES``; NO_TIME where none is."""
        return self.times[:, fix_rules.TIMES.index(tag)]

    def character(self, tag: int) -> NDArray[np.bytes_]:
        """(n,) of S1, the values of one of ``fix_rules.CHARACTERS``; empty where none is."""
        column = self.characters[:, fix_rules.CHARACTERS.index(tag)]
        return np.ascontiguousarray(column).view("S1")

    def place(self, tag: int) -> NDArray[np.int32]:
        """(n, 2) place and length in ``data`` of one of ``fix_rules.TEXTS``; length 0: none."""
        return self.texts[:, fix_rules.TEXTS.index(tag)]


def decode(records: pa.BinaryArray) -> list[Messages]:
    """Parses and proves the values of Kafka records; never raises on what they hold.

    Args:
        records: the n values; null is a record without a value. They are read where they lie.

    Returns:
        One batch, or several where the records are large. Rows count from the first record.
    """
    data, places = buffers_of(records)
    batches = []
    first = 0
    while first < len(records):
        last = chunk_end(places, first)
        batch = _decode_some(data, places[first : last + 1], first)
        batches.append(batch)
        first += batch.sessions.size
    return batches


def _decode_some(data: NDArray[np.uint8], places: NDArray[np.int32], first: int) -> Messages:
    """Decodes as many of the records as there is room for, at least one."""
    n, size = places.size - 1, int(places[-1] - places[0])
    room = size // fix_scanner.SHORTEST_MESSAGE + 1
    message_places = np.empty((room, 4), np.int32)
    types = np.empty(room, np.uint8)
    numbers = np.empty((room, len(fix_rules.NUMBERS)))
    times = np.empty((room, len(fix_rules.TIMES)), np.int64)
    characters = np.empty((room, len(fix_rules.CHARACTERS)), np.uint8)
    texts = np.empty((room, len(fix_rules.TEXTS), 2), np.int32)
    names = np.empty((room, 2), np.int32)
    symbols, exchanges = np.empty((2, scanner.MAX_NAMES, 2), np.int64)
    symbol_table, exchange_table = np.full((2, 2 * scanner.MAX_NAMES), -1, np.int32)
    sessions = np.empty(n, np.int64)
    unknown = np.empty((size // 4 + 1, 4), np.int32)
    long_numbers = np.empty((size // fix_scanner.LONGEST_DIGITS + 1, 4), np.int32)
    found = np.empty((4 * n + 2 * scanner.MAX_RECORDS, 6), np.int64)
    m, n_symbols, n_exchanges, n_unknown, n_long, n_rejects, scanned = fix_scanner.scan(
        data,
        places,
        message_places,
        types,
        numbers,
        times,
        characters,
        texts,
        names,
        symbols,
        symbol_table,
        exchanges,
        exchange_table,
        sessions,
        unknown,
        long_numbers,
        found,
        np.empty(fix_rules.TAGS // 64, np.uint64),
    )
    view = data.data
    for message, column, at, length in long_numbers[:n_long].tolist():
        numbers[message, column] = float(bytes(view[at : at + length]))
    found = found[:n_rejects].copy()  # there is room for many more
    found[:, ROW] += first
    message_places[:m, 0] += first
    return Messages(
        message_places[:m],
        _TYPE[types[:m]],
        [bytes(view[at : at + length]) for at, length in symbols[:n_symbols].tolist()],
        [bytes(view[at : at + length]) for at, length in exchanges[:n_exchanges].tolist()],
        names[:m],
        data,
        sessions[:scanned],
        Rejects(found, data, wrong_with),
        unknown[:n_unknown],
        numbers[:m],
        times[:m],
        characters[:m],
        texts[:m],
    )


def wrong_with(reject: Reject) -> tuple[str, str]:
    """Code and sentence of what is wrong with a message."""
    code, sentence = fix_texts(reject.reason, reject.field)
    if reject.reason is Reason.UNSUPPORTED_MESSAGE_TYPE:
        kind = reject.payload.partition(b"\x0135=")[2][:1].decode()
        sentence = f"{sentence}: {NOT_READ[kind]} ({kind})"
    return code, sentence


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    decode(pa.array([b"8=FIX.4.2"]))
