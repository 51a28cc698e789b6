"""Messages about orders for the tests, and what they say as events."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.fix_reference import make, micros
from tests.udfs.makers import column
from udfs import executions, fix, orders
from udfs.orders import EVENT, Events

TIME = "20260102-03:04:05.678"
TIME_MS = micros(TIME.encode()) // 1_000

_REQUEST: dict[int, object] = {
    **{49: "FIRM", 56: "VENUE", 34: 1, 52: TIME, 11: "c1", 21: 1, 55: "BTC-USD", 54: 1, 60: TIME},
    **{38: 3, 40: 2, 44: "100.5"},
}
_REPORT: dict[int, object] = {
    **{49: "VENUE", 56: "FIRM", 34: 1, 52: TIME, 37: "v1", 11: "c1", 17: "e1", 20: 0, 150: 0},
    **{39: 0, 55: "BTC-USD", 54: 1, 38: 3, 44: "100.5", 151: 3, 14: 0, 6: 0, 60: TIME},
}
_OF_TYPE: dict[str, dict[int, object]] = {
    "D": _REQUEST,
    "F": {tag: value for tag, value in _REQUEST.items() if tag not in (21, 40, 44)} | {41: "c0"},
    "G": _REQUEST | {41: "c0"},
    "8": _REPORT,
}


def message(kind: str, *without: int, **changes: object) -> bytes:
    """A message of this type, without some fields, or with others: ``t44=5``."""
    fields = {35: kind, **_OF_TYPE[kind]}
    fields.update({int(name[1:]): value for name, value in changes.items()})
    return make(*((tag, value) for tag, value in fields.items() if tag not in without))


def events_of(*messages: bytes) -> Events:
    """What these messages, all of them valid, say of orders; they stand at offsets 0, 1, 2..."""
    (parsed,) = fix.decode(column(*messages))
    assert not parsed.rejects
    n = len(messages)
    times, sources, offsets = np.full(n, TIME_MS), np.full(n, 7, np.int32), np.arange(n)
    times_ms = executions.times_ms_of(parsed)
    batch, is_valid, is_trade, rejects = executions.of_messages(
        parsed, times_ms, times, sources, offsets, 10**13
    )
    assert not rejects
    return orders.of_messages(parsed, times_ms, is_valid, is_trade, sources, offsets, batch.symbols)


def random_events(rng: np.random.Generator, n: int, symbols: int = 3) -> NDArray[Any]:
    """Events of few orders, most of which touch one that is there; each has one symbol for ever."""
    events = np.zeros(n, EVENT)
    # Ids next to each other, and some that are the same but for the mask of a small table.
    ids = rng.integers(1, 40, n)
    events["symbol"] = ids % symbols
    events["high"] = ids * rng.choice([1, 1 << 7], n).astype(np.uint64)
    events["low"] = ids // 2
    before = ids + symbols * rng.integers(-5, 5, n)
    has_old = (rng.random(n) < 0.6) & (before > 0)
    events["old_high"] = np.where(has_old, before, 0)
    events["old_low"] = np.where(has_old, before // 2, 0)
    events["price"] = rng.integers(0, 12, n) / 4
    events["quantity"] = rng.integers(0, 5, n) / 10
    events["time"] = TIME_MS + rng.integers(0, 300_000, n)
    events["kind"] = rng.choice(6, n, p=[0.35, 0.1, 0.1, 0.25, 0.05, 0.15])
    events["side"] = rng.integers(1, 3, n)
    events["is_fill"] = (events["kind"] >= orders.OPEN) & (rng.random(n) < 0.2)
    events["rests"] = rng.random(n) < 0.9
    events["source"] = 7
    events["offset"] = np.arange(n)
    return events
