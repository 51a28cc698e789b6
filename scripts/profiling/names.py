"""Names: the codes of symbols and exchanges, the same all through a profile."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from udfs import fingerprints
from udfs.frames import Frame


class Names:
    """Symbols and exchanges, in the order in which they came."""

    def __init__(self) -> None:
        self.symbols: list[str] = []
        self.exchanges: list[str] = []
        self._symbols: dict[str, int] = {}
        self._exchanges: dict[str, int] = {}
        self._hashes = fingerprints.names_of([], [])

    @property
    def hashes(self) -> NDArray[np.uint64]:
        """(symbols, 1 + exchanges, 2): see ``fingerprints.names_of``."""
        if self._hashes.shape[:2] != (len(self.symbols), 1 + len(self.exchanges)):
            self._hashes = fingerprints.names_of(self.symbols, self.exchanges)
        return self._hashes

    def coded(self, frame: Frame) -> Frame:
        """A frame with these codes in place of its own; its trades are changed."""
        symbols = _codes(frame.symbols, self._symbols, self.symbols)
        exchanges = _codes(frame.exchanges, self._exchanges, self.exchanges)
        trades = frame.trades
        trades["symbol"] = symbols[trades["symbol"]]
        # -1, no exchange, is the last one.
        trades["exchange"] = np.append(exchanges, -1)[trades["exchange"]]
        return dataclasses.replace(
            frame, symbols=self.symbols, exchanges=self.exchanges, trades=trades
        )


def _codes(names: list[str], known: dict[str, int], listed: list[str]) -> NDArray[np.int64]:
    for name in names:
        if name not in known:
            known[name] = len(listed)
            listed.append(name)
    return np.array([known[name] for name in names], np.int64)
