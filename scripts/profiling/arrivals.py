"""Arrivals: how far the trades of each part came out of order, by symbol."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs import zscore
from udfs.zscore import SYMBOL


class Arrivals:
    """What is known of how trades came; the order of those of different parts means nothing."""

    def __init__(self) -> None:
        self._symbols: dict[int, NDArray[np.void]] = {}
        """Of each part that is open, (symbols,) of SYMBOL, by code."""
        self._out_of_order = self._displacement = np.zeros(0, np.int64)

    def take(self, trades: NDArray[np.void], symbols: int, part: int) -> None:
        """Takes in trades of a part without copies, as they came; there are so many symbols."""
        known = self._symbols.get(part, np.zeros(0, SYMBOL))
        known = np.concatenate([known, np.zeros(symbols - known.size, SYMBOL)])
        self._symbols[part] = known
        self._displacement = _longer(self._displacement, symbols)
        _displace(trades, known["newest"].copy(), self._displacement)
        zscore.note_arrivals(trades, known, np.zeros(known.size, np.bool_), 0)

    def close(self, part: int) -> None:
        """Takes it that nothing comes of a part any more."""
        known = self._symbols.pop(part, np.zeros(0, SYMBOL))
        size = max(known.size, self._out_of_order.size)
        self._out_of_order = _longer(self._out_of_order, size)
        self._out_of_order[: known.size] += known["out_of_order"]

    def counts(self, symbols: int) -> NDArray[np.int64]:
        """(symbols,) how many came after one of a higher time; all parts are closed."""
        return _longer(self._out_of_order, symbols)

    def displacements(self, symbols: int) -> NDArray[np.int64]:
        """(symbols,) how far behind the newest one before it a trade was at most, ms."""
        return _longer(self._displacement, symbols)


def _longer(values: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return np.concatenate([values, np.zeros(size - values.size, np.int64)])


@njit(cache=True)
def _displace(trades, newest, largest):  # type: ignore[no-untyped-def]
    """Notes the largest displacement of each symbol, by code; ``newest`` is changed too."""
    for i in range(trades.size):
        code, time = trades[i].symbol, trades[i].timestamp
        largest[code] = max(largest[code], newest[code] - time)
        newest[code] = max(newest[code], time)
