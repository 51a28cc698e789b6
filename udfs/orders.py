"""Orders: what FIX messages say of them, as events in the order of their coming.

A firm asks for a new order (D), to cancel it (F) or to replace it (G); its venue reports what
became of it (8). An order is known by the firm, the symbol and the ClOrdID (11) that the firm gave
it, which changes with each replacement; OrigClOrdID (41) is the one before. Where a report has no
ClOrdID, the venue's OrderID (37) stands in for it.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from udfs import executions, fix, scanner
from udfs.fingerprints import absorb, finish
from udfs.fix import Messages
from udfs.fix_rules import CHARACTERS, NUMBERS, TEXTS
from udfs.words import WORD_BYTES, load, pointer

EVENT = np.dtype(
    [
        ("time", "i8"),  # of the event, ms since epoch
        ("high", "u8"),  # a hash of what the order is known by
        ("low", "u8"),
        ("old_high", "u8"),  # of what it was known by before; 0 and 0: none
        ("old_low", "u8"),
        ("price", "f8"),  # its limit; 0: none
        ("quantity", "f8"),  # asked for, or left as its venue reports; 0: none
        ("offset", "i8"),  # of the Kafka record
        ("source", "i4"),  # see udfs.sources
        ("symbol", "i4"),  # code into the batch's symbols
        ("kind", "u1"),
        ("side", "u1"),  # scanner.BUY or scanner.SELL
        ("is_fill", "u1"),  # whether the message tells of a trade, and counts as one
        ("rests", "u1"),  # whether such an order waits in a book
        ("row", "i4"),  # the Kafka record's place in its batch
    ]
)
"""What one message says of one order, 80 bytes."""

NEW, CANCEL, REPLACE, OPEN, PENDING, ENDED = range(6)
"""Kinds of events: three requests, and three reports: the order is open, as the report has it; a
request for it waits; it is no more."""

_NEW_ORDER, _CANCEL_ORDER, _REPLACE_ORDER, _REPORT = map(ord, "DFG8")
_ORDER_QUANTITY, _PRICE, _LEAVES = map(NUMBERS.index, (38, 44, 151))
_SIDE, _ORDER_TYPE, _TIME_IN_FORCE, _STATUS = map(CHARACTERS.index, (54, 40, 59, 39))
_SYMBOL, _CLIENT_ID, _CLIENT_ID_BEFORE, _VENUE_ID = map(TEXTS.index, (55, 11, 41, 37))
_SENDER, _TARGET = map(TEXTS.index, (49, 56))


def _codes(characters: str) -> NDArray[np.bool_]:
    """(256,) whether a code is that of one of these characters."""
    found = np.zeros(256, np.bool_)
    found[[ord(character) for character in characters]] = True
    return found


_BUYS = _codes(b"".join(executions.BUYS).decode())
_IS_OVER = _codes("2348BC")
"""OrdStatus (39): filled, done for the day, canceled, rejected, calculated, expired."""
_IS_PENDING = _codes("6E")
"""OrdStatus (39): a cancel, or a replacement, was asked for and not decided yet."""
_NEVER_RESTS = _codes("1345ABCG")
"""OrdType (40): at the market, stops, those for the close, and Forex without a limit."""
_AT_ONCE = _codes("34")
"""TimeInForce (59): immediate or cancel, fill or kill."""
_CROSSES = _codes("789")
"""Side (54): undisclosed, and crosses."""
_BUY, _SELL = np.uint8(scanner.BUY), np.uint8(scanner.SELL)
_MIN, _MAX = scanner.MIN_VALUE, scanner.MAX_VALUE


@dataclass(frozen=True, slots=True)
class Events:
    """What a batch of messages says of orders."""

    events: NDArray[np.void]
    """(n,) of EVENT."""
    symbols: list[str]


def of_messages(
    messages: Messages,
    times_ms: NDArray[np.int64],
    is_valid: NDArray[np.bool_],
    is_trade: NDArray[np.bool_],
    sources: NDArray[np.int32],
    offsets: NDArray[np.int64],
    symbols: list[str],
) -> Events:
    """The events of some FIX messages; an OrderCancelReject is none, for nothing changes by it.

    Args:
        messages: n of them.
        times_ms: (n,) when each was.
        is_valid: (n,) whether it counts.
        is_trade: (n,) whether it is a trade too.
        sources: of all Kafka records, by row: see ``udfs.sources``.
        offsets: theirs.
        symbols: the names that the messages' symbols are codes of.
    """
    events = np.empty(messages.types.size, EVENT)
    count = _of_messages(
        messages.types.view(np.uint8),
        messages.numbers,
        messages.characters,
        messages.texts,
        messages.names,
        messages.places,
        messages.data,
        times_ms,
        is_valid,
        is_trade,
        events,
    )
    events = events[:count]
    events["source"], events["offset"] = sources[events["row"]], offsets[events["row"]]
    return Events(events, symbols)


@njit(cache=True, inline="always")
def _absorb_text(high, low, text, at, length):  # type: ignore[no-untyped-def]
    """A value of a message into a hash. Behind it there is a trailer, to read a last word from."""
    high, low = absorb(high, low, np.uint64(length), np.uint64(0))
    for i in range(0, length, 2 * WORD_BYTES):
        x = _word(text, at + i, length - i)
        y = _word(text, at + i + WORD_BYTES, length - i - WORD_BYTES)
        high, low = absorb(high, low, x, y)
    return high, low


@njit(cache=True, inline="always")
def _word(text, at, rest):  # type: ignore[no-untyped-def]
    if rest <= 0:
        return np.uint64(0)
    if rest >= WORD_BYTES:
        return load(text, at)
    return load(text, at) & ((np.uint64(1) << np.uint64(8 * rest)) - np.uint64(1))


@njit(cache=True, inline="always")
def _identity(high, low, text, at, length, is_clients):  # type: ignore[no-untyped-def]
    high, low = _absorb_text(high, low, text, at, length)
    high, low = finish(high, low, is_clients)
    # 0 and 0 means none.
    return high, low | np.uint64(high == 0 and low == 0)


@njit(cache=True)
def _of_messages(types, numbers, characters, texts, names, places, data, times_ms, is_valid, is_trade, events):  # type: ignore[no-untyped-def]  # fmt: skip  # noqa: E501
    """Fills ``events``; returns how many there are."""
    text = pointer(data)
    count = 0
    for i in range(types.size):
        kind = types[i]
        is_report = kind == _REPORT
        is_request = kind in (_NEW_ORDER, _CANCEL_ORDER, _REPLACE_ORDER)
        if not is_valid[i] or not (is_report or is_request):
            continue
        event = events[count]
        count += 1
        event.time = times_ms[i]
        event.symbol = names[i, 0]
        event.row = places[i, 0]
        event.is_fill = is_trade[i]
        side = characters[i, _SIDE]
        event.side = _BUY if _BUYS[side] else _SELL
        event.rests = not (
            _NEVER_RESTS[characters[i, _ORDER_TYPE]]
            or _AT_ONCE[characters[i, _TIME_IN_FORCE]]
            or _CROSSES[side]
        )
        price = numbers[i, _PRICE]
        event.price = price if _MIN <= price <= _MAX else 0.0
        quantity = numbers[i, _LEAVES if is_report else _ORDER_QUANTITY]
        event.quantity = quantity if _MIN <= quantity <= _MAX else 0.0
        if is_report:
            status = characters[i, _STATUS]
            if _IS_OVER[status]:
                event.kind = ENDED
            elif _IS_PENDING[status]:
                event.kind = PENDING
            else:
                event.kind = OPEN if event.quantity > 0 else ENDED
        elif kind == _NEW_ORDER:
            event.kind = NEW
        else:
            event.kind = CANCEL if kind == _CANCEL_ORDER else REPLACE
        firm = _TARGET if is_report else _SENDER
        high = low = np.uint64(0)
        for column in (_SYMBOL, firm):
            at, length = texts[i, column, 0], texts[i, column, 1]
            high, low = _absorb_text(high, low, text, at, length)
        at, length = texts[i, _CLIENT_ID, 0], texts[i, _CLIENT_ID, 1]
        is_clients = length > 0
        if not is_clients:
            at, length = texts[i, _VENUE_ID, 0], texts[i, _VENUE_ID, 1]
        event.high, event.low = _identity(high, low, text, at, length, is_clients)
        event.old_high = event.old_low = np.uint64(0)
        at, length = texts[i, _CLIENT_ID_BEFORE, 0], texts[i, _CLIENT_ID_BEFORE, 1]
        if length > 0:
            event.old_high, event.old_low = _identity(high, low, text, at, length, True)
    return count


def warm_up() -> None:
    """Compiles the kernel, or loads it from numba's cache."""
    (messages,) = fix.decode(pa.array([b"8=FIX.4.2"]))
    none = np.zeros(0, np.bool_)
    nothing = np.zeros(0, np.int64)
    of_messages(messages, nothing, none, none, nothing.astype(np.int32), nothing, [])
