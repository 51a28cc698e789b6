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
        self._parts: list[tuple[int, int, NDArray[np.void]]] = []
        """Each with its first and its last time."""
        self.first = int(NEVER)
        """The time of the first trade that waits, ms; NEVER if there is none."""

    @property
    def waiting(self) -> NDArray[np.void]:
        """(n,) of TRADE."""
        return np.concatenate([np.zeros(0, TRADE), *(part for _, _, part in self._parts)])

    def add(self, trades: NDArray[np.void]) -> None:
        """Takes in trades whose time has not passed."""
        if trades.size:
            times = trades["timestamp"]
            self._parts.append((int(times.min()), int(times.max()), trades))
            self.first = min(self.first, self._parts[-1][0])

    def take(self, until_ms: int) -> NDArray[np.void]:
        """(n,) of TRADE: takes out those before ``until_ms``, by symbol and in their order."""
        parts, self._parts, self.first = self._parts, [], int(NEVER)
        taken = []
        for first, last, part in parts:
            if last < until_ms:
                taken.append(part)
            elif first >= until_ms:
                self.add(part)
            else:
                is_over = part["timestamp"] < until_ms
                taken.append(part[is_over])
                self.add(part[~is_over])
        if len(taken) == 1:
            return _in_order(taken[0])
        return _in_order(np.concatenate(taken or [np.zeros(0, TRADE)]))

    def rename(self, codes: NDArray[np.int64]) -> None:
        """Gives each symbol the code at its place."""
        for _, _, part in self._parts:
            part["symbol"] = codes[part["symbol"]]


def _in_order(trades: NDArray[np.void]) -> NDArray[np.void]:
    order, are_sorted = _by_symbol(trades, int(trades["symbol"].max(initial=-1)) + 1)
    if not are_sorted:
        order = np.lexsort([trades[name] for name in _ORDER])
    ordered: NDArray[np.void] = trades[order]
    return ordered


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
def _by_symbol(trades, symbols):  # type: ignore[no-untyped-def]
    """The places of trades by symbol, as they came, and whether that is their order.

    It mostly is: then they need not be sorted.
    """
    next_of = np.zeros(symbols + 1, np.int64)
    for i in range(trades.size):
        next_of[trades[i].symbol + 1] += 1
    next_of = np.cumsum(next_of)
    last = np.full(symbols, -1, np.int64)
    order = np.empty(trades.size, np.int64)
    are_sorted = True
    for i in range(trades.size):
        symbol = trades[i].symbol
        order[next_of[symbol]] = i
        next_of[symbol] += 1
        if last[symbol] >= 0 and _is_before(trades[i], trades[last[symbol]]):
            are_sorted = False
        last[symbol] = i
    return order, are_sorted


def pack(trades: NDArray[np.void]) -> Packed:
    """Trades as they are written down, without their exchanges and rows."""
    return columns.pack(trades, _FIELDS) if trades.size else NOTHING


def unpack(packed: Packed) -> NDArray[np.void]:
    """What ``pack`` was given."""
    return columns.unpack(packed, _FIELDS, TRADE)


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    _in_order(unpack(pack(np.zeros(1, TRADE))))
