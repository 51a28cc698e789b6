"""The tape: the trades of a shard in the order of their time, once that is known.

Trades come out of order, so they wait until event time has passed them. Those of one millisecond
follow by id, price and quantity: the tape is the same however its trades came.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs import columns
from udfs.columns import NOTHING, Packed
from udfs.trades import TRADE
from udfs.windows import NEVER

_FIELDS = columns.fields_of(TRADE, "row", "exchange")
_ORDER = ("quantity", "price", "id_low", "id_high", "id_length", "timestamp", "symbol")
"""What decides it, the last first."""


class Tape:
    """The trades that wait."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, NDArray[np.void]]] = []
        """Each with its first time."""
        self.first = int(NEVER)
        """The time of the first trade that waits, ms; NEVER if there is none."""

    @property
    def waiting(self) -> NDArray[np.void]:
        """(n,) of TRADE."""
        return np.concatenate([np.zeros(0, TRADE), *(part for _, part in self._parts)])

    def add(self, trades: NDArray[np.void]) -> None:
        """Takes in trades whose time has not passed."""
        if trades.size:
            first = int(trades["timestamp"].min())
            self._parts.append((first, trades))
            self.first = min(self.first, first)

    def take(self, until_ms: int) -> NDArray[np.void]:
        """(n,) of TRADE: takes out those before ``until_ms``, by symbol and in their order."""
        over = [part for first, part in self._parts if first < until_ms]
        self._parts = [each for each in self._parts if each[0] >= until_ms]
        self.first = min((first for first, _ in self._parts), default=int(NEVER))
        waiting = over[0] if len(over) == 1 else np.concatenate(over or [np.zeros(0, TRADE)])
        taken, rest = _divide(waiting, until_ms)
        self.add(rest)
        return taken

    def rename(self, codes: NDArray[np.int64]) -> None:
        """Gives each symbol the code at its place."""
        for _, part in self._parts:
            part["symbol"] = codes[part["symbol"]]


def _divide(trades: NDArray[np.void], until_ms: int) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Those before a time, by symbol and in their order; and the others, as they came."""
    symbols = int(trades["symbol"].max(initial=-1)) + 1
    divided = np.empty_like(trades)
    count, are_sorted = _by_symbol(trades, until_ms, symbols, divided)
    taken, rest = divided[:count], divided[count:]
    if not are_sorted:
        taken = taken[np.lexsort([taken[name] for name in _ORDER])]
    return taken, rest


@njit(cache=True, inline="always")
def _is_before(a, b):  # type: ignore[no-untyped-def]
    if a.timestamp != b.timestamp:
        return a.timestamp < b.timestamp
    if a.id_length != b.id_length:
        return a.id_length < b.id_length
    if a.id_high != b.id_high:
        return a.id_high < b.id_high
    if a.id_low != b.id_low:
        return a.id_low < b.id_low
    if a.price != b.price:
        return a.price < b.price
    return a.quantity < b.quantity


@njit(cache=True)
def _by_symbol(trades, until_ms, symbols, divided):  # type: ignore[no-untyped-def]
    """Writes those before a time by symbol, as they came, and then the others.

    Returns how many are before it, and whether they are in their order: they mostly are, and need
    not be sorted.
    """
    next_of = np.zeros(symbols + 1, np.int64)
    for i in range(trades.size):
        if trades[i].timestamp < until_ms:
            next_of[trades[i].symbol + 1] += 1
    next_of = np.cumsum(next_of)
    count = other = next_of[symbols]
    last = np.full(symbols, -1, np.int64)
    are_sorted = True
    for i in range(trades.size):
        if trades[i].timestamp >= until_ms:
            divided[other] = trades[i]
            other += 1
            continue
        symbol = trades[i].symbol
        divided[next_of[symbol]] = trades[i]
        next_of[symbol] += 1
        if last[symbol] >= 0 and _is_before(trades[i], trades[last[symbol]]):
            are_sorted = False
        last[symbol] = i
    return count, are_sorted


def pack(trades: NDArray[np.void]) -> Packed:
    """Trades as they are written down, without their exchanges and rows."""
    return columns.pack(trades, _FIELDS) if trades.size else NOTHING


def unpack(packed: Packed) -> NDArray[np.void]:
    """What ``pack`` was given."""
    return columns.unpack(packed, _FIELDS, TRADE)


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    _divide(unpack(pack(np.zeros(1, TRADE))), 1)
