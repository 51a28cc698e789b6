"""Order flow: how many orders, cancels, replaces and fills there were of a symbol, and how large.

The flow of a second is counts and exact sums, so flows merge as candles do, whatever the order.
"""

from typing import Any

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs import columns
from udfs.candles import FINAL, window_of
from udfs.columns import Packed
from udfs.forms import Chosen, Form
from udfs.frames import Frame
from udfs.index import find, index_of
from udfs.intervals import SECOND_MS
from udfs.messages import Messages
from udfs.orders import REPLACE
from udfs.scanner import BUY
from udfs.sources import are_orders
from udfs.sums import LIMBS, add, carry, limbs, totals
from udfs.words import pointer, record

_KINDS = ("orders", "cancels", "replaces", "fills")
_FILL = _KINDS.index("fills")
"""Those before it are the requests of ``udfs.orders``, in their order."""
_SIDES = ("buy", "sell")
_COUNTS = tuple(f"{side}_{kind}" for kind in _KINDS for side in _SIDES)
_SUMS = tuple(f"{side}_{sum}" for sum in ("quantity", "notional", "filled") for side in _SIDES)

FLOW = np.dtype(
    [
        ("start", "i8"),  # of its window, ms since epoch
        ("symbol", "i4"),
        ("interval", "u1"),  # place in INTERVALS
        ("flags", "u1"),  # as those of candles
        ("unused", "u2"),
        ("revision", "i8"),
        *((name, "i8") for name in _COUNTS),
        *limbs(*_SUMS),
    ]
)
"""The flow of one window, 232 bytes; each sum as limbs, the greatest first."""

_WORDS = FLOW.itemsize // 8
_FIRST_COUNT = 3
_FIRST_SUM = _FIRST_COUNT + len(_COUNTS)
_QUANTITY, _NOTIONAL, _FILLED = (_FIRST_SUM + 2 * LIMBS * sum for sum in range(3))
"""At which word of a flow the buy side's limbs begin; those of the sell side follow."""
_FIELDS = columns.fields_of(FLOW)


def of_events(events: NDArray[np.void]) -> NDArray[np.void]:
    """(m,) of FLOW: the flows of one second of some events, those of their requests."""
    asked = events.compress(events["kind"] <= REPLACE)
    names = ("time", "symbol", "kind", "side", "quantity", "price")
    seconds: NDArray[np.void] = _seconds(*(np.ascontiguousarray(asked[name]) for name in names))
    return seconds


def of_fills(frame: Frame) -> NDArray[np.void]:
    """(m,) of FLOW: the flows of one second of a frame's trades that were executions of orders."""
    fills = frame.trades.compress(are_orders(frame.trades["source"]))
    seconds: NDArray[np.void] = _seconds(
        np.ascontiguousarray(fills["timestamp"]),
        np.ascontiguousarray(fills["symbol"]),
        np.full(fills.size, _FILL, np.uint8),
        np.ascontiguousarray(fills["side"]),
        np.ascontiguousarray(fills["quantity"]),
        np.ascontiguousarray(fills["price"]),
    )
    return seconds


@njit(cache=True)
def _seconds(times, symbols, kinds, sides, quantities, prices):  # type: ignore[no-untyped-def]
    room = 1
    while room < times.size:  # an index has a power of two of slots
        room *= 2
    rows = np.zeros(room, FLOW)
    index = index_of(rows, 0)
    row_at, words = pointer(rows), pointer(rows.view(np.int64))
    count = 0
    for i in range(times.size):
        start = times[i] // SECOND_MS * SECOND_MS
        slot = find(row_at, index, symbols[i], 0, start)
        p = index[slot]
        if p < 0:
            p = count
            count += 1
            index[slot] = p
            new = record(row_at, p)
            new.start, new.symbol = start, symbols[i]
        kind, is_sell = np.int64(kinds[i]), np.int64(sides[i] != BUY)
        at = p * _WORDS
        words[at + _FIRST_COUNT + 2 * kind + is_sell] += 1
        side = at + is_sell * LIMBS
        if kind == 0:
            add(words, side + _QUANTITY, quantities[i])
            add(words, side + _NOTIONAL, quantities[i] * prices[i])
        elif kind == _FILL:
            add(words, side + _FILLED, quantities[i])
    for p in range(count):
        for at in range(_FIRST_SUM, _WORDS, LIMBS):
            carry(words, p * _WORDS + at)
    return rows[:count]


@njit(cache=True, inline="always")
def merge(words, at, other_words, other_at):  # type: ignore[no-untyped-def]
    """Adds flow ``other_at`` to flow ``at``; words are pointers to the flows as int64."""
    here, there = at * _WORDS, other_at * _WORDS
    for k in range(_FIRST_COUNT, _WORDS):
        words[here + k] += other_words[there + k]
    for k in range(_FIRST_SUM, _WORDS, LIMBS):
        carry(words, here + k)


class Flow(msgspec.Struct, frozen=True, gc=False):
    """The flow of one window as its topic has it."""

    symbol: str
    interval: str
    start: int
    end: int
    buy_orders: int
    sell_orders: int
    buy_cancels: int
    sell_cancels: int
    buy_replaces: int
    sell_replaces: int
    buy_fills: int
    sell_fills: int
    buy_quantity: float
    """Of the new orders."""
    sell_quantity: float
    buy_notional: float
    """Quantity times limit, of those new orders that have one."""
    sell_notional: float
    buy_filled: float
    """Quantity of the fills."""
    sell_filled: float
    order_flow_imbalance: float | None
    """(buy - sell) / (buy + sell), of the quantity of new orders: -1 to 1."""
    cancel_ratio: float | None
    """Cancels for each new order."""
    order_to_trade_ratio: float | None
    """New orders, cancels and replaces for each fill."""
    fill_ratio: float | None
    """Quantity filled for each unit ordered."""
    final: bool
    revision: int
    updated_at: int


_FORM = Form(Flow)


def messages(rows: NDArray[np.void], symbols: list[str], now_ms: int | None) -> Messages:
    """The message of each flow, updated now; at its window's end if None."""
    counts = {name: rows[name] for name in _COUNTS}
    sums = {name: totals(rows, _FIRST_SUM + LIMBS * k) for k, name in enumerate(_SUMS)}
    orders, cancels, replaces, fills = (
        counts[f"buy_{kind}"] + counts[f"sell_{kind}"] for kind in _KINDS
    )
    buys, sells = sums["buy_quantity"], sums["sell_quantity"]
    window = window_of(rows)
    return _FORM.of_symbols(
        symbols,
        rows["symbol"],
        window["end"],
        now_ms,
        **window,
        **counts,
        **sums,
        order_flow_imbalance=_ratio(buys - sells, buys + sells),
        cancel_ratio=_ratio(cancels, orders),
        order_to_trade_ratio=_ratio(orders + cancels + replaces, fills),
        fill_ratio=_ratio(sums["buy_filled"] + sums["sell_filled"], buys + sells),
        final=Chosen([False, True], rows["flags"] & FINAL),
        revision=rows["revision"],
    )


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) NaN where there is no whole."""
    return np.divide(part, whole, out=np.full(part.size, np.nan), where=whole != 0)


def pack(rows: NDArray[np.void]) -> Packed:
    """Flows as they are written down."""
    return columns.pack(rows, _FIELDS)


def unpack(packed: Packed) -> NDArray[np.void]:
    """What ``pack`` was given."""
    return columns.unpack(packed, _FIELDS, FLOW)


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    nothing, sides = np.zeros(0, np.int64), np.zeros(0, np.uint8)
    values = np.zeros(0)
    unpack(pack(_seconds(nothing, nothing.astype(np.int32), sides, sides, values, values)))
