"""The tape: the trades of a shard in the order of their time, once that is known.

Trades come out of order, so they wait until event time has passed them. Those of one millisecond
follow by id, price and quantity: the tape is the same however its trades came.
"""

import numpy as np
from numpy.typing import NDArray

from udfs import columns
from udfs.columns import NOTHING, Packed
from udfs.trades import TRADE
from udfs.windows import NEVER

_FIELDS = columns.fields_of(TRADE, "row", "exchange")
_TIES = ("quantity", "price", "id_low", "id_high", "id_length", "timestamp", "symbol")
"""What decides the order, the last first."""
_TIME_BITS = 44


class Tape:
    """The trades that wait."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.void]] = []
        self.first = int(NEVER)
        """The time of the first trade that waits, ms; NEVER if there is none."""

    @property
    def waiting(self) -> NDArray[np.void]:
        """(n,) of TRADE."""
        return np.concatenate([np.zeros(0, TRADE), *self._parts])

    def add(self, trades: NDArray[np.void]) -> None:
        """Takes in trades whose time has not passed."""
        if trades.size:
            self._parts.append(trades)
            self.first = min(self.first, int(trades["timestamp"].min()))

    def take(self, until_ms: int) -> NDArray[np.void]:
        """(n,) of TRADE: takes out those before ``until_ms``, by symbol and in their order."""
        if self.first >= until_ms:
            return np.zeros(0, TRADE)
        waiting = self.waiting
        over = waiting["timestamp"] < until_ms
        rest = waiting[~over]
        self._parts = [rest] if rest.size else []
        self.first = int(rest["timestamp"].min(initial=NEVER))
        return _in_order(waiting[over])

    def rename(self, codes: NDArray[np.int64]) -> None:
        """Gives each symbol the code at its place."""
        for part in self._parts:
            part["symbol"] = codes[part["symbol"]]


def _in_order(trades: NDArray[np.void]) -> NDArray[np.void]:
    times = trades["timestamp"] - trades["timestamp"].min(initial=NEVER)
    keys = trades["symbol"].astype(np.int64) << _TIME_BITS | times
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    # Few are of the same millisecond: only those are compared by all that they have.
    same = keys[1:] == keys[:-1]
    if same.any():
        tied = np.flatnonzero(np.concatenate([[False], same]) | np.concatenate([same, [False]]))
        ties = trades[order[tied]]
        order[tied] = order[tied][np.lexsort([ties[name] for name in _TIES])]
    return trades[order]


def pack(trades: NDArray[np.void]) -> Packed:
    """Trades as they are written down, without their exchanges and rows."""
    return columns.pack(trades, _FIELDS) if trades.size else NOTHING


def unpack(packed: Packed) -> NDArray[np.void]:
    """What ``pack`` was given."""
    return columns.unpack(packed, _FIELDS, TRADE)


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    unpack(pack(np.zeros(1, TRADE)))
