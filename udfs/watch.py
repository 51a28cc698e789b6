"""The watch: what a shard says of single trades, in the order of their time, and keeps count of."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs import anomalies, columns, quality, tape, zscore
from udfs.columns import array
from udfs.messages import Messages
from udfs.periods import ScoreRules
from udfs.sources import Topics
from udfs.tape import Tape
from udfs.zscore import PRICE, QUANTITY, RUNNING, SYMBOL

Output = tuple[Literal["anomalies", "quality"], Messages]
"""Which output, and messages to it."""


class Packed(msgspec.Struct, array_like=True):
    """A watch as it is written down."""

    waiting: list[tape.Packed] = []
    """Of ``Tape.pack``."""
    symbols: bytes = b""
    """SYMBOLs, by code."""
    values: bytes = b""
    """Of as many symbols."""


class Watch:
    """The watch over the trades of one shard; symbols are its codes.

    With a window of no trades it is switched off: it takes nothing in, and forgets what it knew.
    """

    _symbols: NDArray[np.void]
    _values: NDArray[np.float64]
    _running: NDArray[np.void]
    _changed: NDArray[np.bool_]

    def __init__(self, rules: ScoreRules) -> None:
        self.rules = rules
        self.tape = Tape()
        self._thresholds = np.zeros(0)
        self._hold(np.zeros(0, SYMBOL), np.zeros((0, 2, rules.window)))
        self.is_on = rules.window > 0

    @property
    def is_touched(self) -> bool:
        """Whether a symbol's counts changed since they were last published."""
        return bool(self._changed.any())

    def take(
        self, trades: NDArray[np.void], written: tape.Packed, names: list[str], passed: int
    ) -> None:
        """Takes in trades as they come.

        Args:
            trades: (n,) of TRADE.
            written: The same as they are written down.
            names: Of all symbols, by code.
            passed: Until when event time has passed, ms.
        """
        if not self.is_on:
            return
        self._make_room(names)
        zscore.note_arrivals(trades, self._symbols, self._changed, passed)
        self.tape.add(trades, passed, passed + tape.SOON_MS, written)

    def count(
        self, what: Literal["duplicates", "crossed"], code: int, count: int, names: list[str]
    ) -> None:
        """Counts what trades do not tell by themselves."""
        if not self.is_on:
            return
        self._make_room(names)
        self._symbols[what][code] += count
        self._changed[code] = True

    def read(self, until_ms: int, names: list[str]) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Reads the tape up to a time: (n,) of TRADE, and (m,) of FINDING about them."""
        self._make_room(names)
        trades = self.tape.take(until_ms)
        values = self._values, self._running
        found = zscore.find(trades, self._symbols, *values, self._thresholds, self.rules)
        if found.size:
            self._changed[trades["symbol"][found["trade"]]] = True
        return trades, found

    def messages(
        self,
        trades: NDArray[np.void],
        found: NDArray[np.void],
        names: list[str],
        topics: Topics,
        now_ms: int | None,
    ) -> list[Output]:
        """What ``read`` gave as messages, updated now; at the time of its trade if None."""
        is_anomaly = (found["kind"] == PRICE) | (found["kind"] == QUANTITY)
        others = names, topics, now_ms
        out: list[Output] = []
        if is_anomaly.any():
            made = anomalies.messages(trades, found.compress(is_anomaly), *others)
            out.append(("anomalies", made))
        if not is_anomaly.all():
            made = quality.messages(trades, found.compress(~is_anomaly), *others)
            out.append(("quality", made))
        return out

    def totals(self, names: list[str], now_ms: int | None) -> list[Output]:
        """The counts of the symbols whose counts changed since this was last asked."""
        codes = np.flatnonzero(self._changed)
        self._changed[:] = False
        of_each = self._symbols.take(codes), codes
        return [("quality", quality.totals(*of_each, self.rules.gaps_ms, names, now_ms))]

    def mark(self, symbols: NDArray[np.bool_], since_ms: int) -> None:
        """Sets the symbols that wait on the tape, or had trades since then."""
        had = (self._symbols["trades"] > 0) & (self._symbols["newest"] >= since_ms)
        symbols[: had.size] |= had
        self.tape.mark(symbols)

    def rename(self, codes: NDArray[np.int64]) -> None:
        """Gives each symbol the code at its place; forgets those with -1."""
        size = int(codes.max(initial=-1)) + 1
        changed = _renamed(self._changed, codes, size)
        self._hold(_renamed(self._symbols, codes, size), _renamed(self._values, codes, size))
        self._changed = changed
        self.tape.rename(codes)

    def pack(self) -> Packed:
        """All of it."""
        return Packed(self.tape.pack(), self._symbols.tobytes(), self._values.tobytes())

    def load(self, packed: Packed) -> None:
        """Goes on from what ``pack`` gave; windows of another length begin anew."""
        if not self.is_on:
            return
        self.tape = Tape(packed.waiting)
        symbols, values = _arrays(packed)
        if values.shape[2] != self.rules.window:
            symbols["count"] = 0
            values = np.zeros((symbols.size, 2, self.rules.window))
        self._hold(symbols, values)
        # What was last published of them may have been lost.
        self._changed[:] = self._symbols["trades"] > 0

    def _make_room(self, names: list[str]) -> None:
        more = len(names) - self._symbols.size
        if more > 0:
            self._symbols = np.concatenate([self._symbols, np.zeros(more, SYMBOL)])
            self._values = np.concatenate([self._values, np.zeros((more, *self._values.shape[1:]))])
            self._running = np.concatenate([self._running, np.zeros((more, 2), RUNNING)])
            self._changed = np.concatenate([self._changed, np.zeros(more, np.bool_)])
        if self._thresholds.size < len(names):
            self._thresholds = self.rules.of(names)

    def _hold(self, symbols: NDArray[np.void], values: NDArray[np.float64]) -> None:
        self._symbols, self._values = symbols, values
        self._running = np.zeros((symbols.size, 2), RUNNING)
        self._changed = np.zeros(symbols.size, np.bool_)
        self._thresholds = np.zeros(0)


def _renamed(before: NDArray, codes: NDArray[np.int64], size: int) -> NDArray:  # type: ignore[type-arg]
    """What is known by code, by other codes; what is of -1 is left out."""
    codes = codes[: len(before)]
    after = np.zeros((size, *before.shape[1:]), before.dtype)
    after[codes[codes >= 0]] = before[codes >= 0]
    return after


def _packed(waiting: NDArray[np.void]) -> list[tape.Packed]:
    return [tape.pack(waiting)] if waiting.size else []


def _arrays(packed: Packed) -> tuple[NDArray[np.void], NDArray[np.float64]]:
    symbols, values = array(packed.symbols, SYMBOL), array(packed.values, np.dtype(float))
    return symbols, values.reshape(symbols.size, 2, -1 if values.size else 0)


def take(packed: Packed, codes: NDArray[np.int64]) -> Packed:
    """The watch over some symbols, each of which gets the code at its place; others have -1."""
    size = int(codes.max(initial=-1)) + 1
    waiting = tape.unpack(packed.waiting)
    waiting["symbol"] = codes[waiting["symbol"]]
    symbols, values = (_renamed(each, codes, size) for each in _arrays(packed))
    kept = waiting[waiting["symbol"] >= 0]
    return Packed(_packed(kept), symbols.tobytes(), values.tobytes())


def merged(parts: list[tuple[int, Packed]]) -> Packed:
    """The watch over the symbols of several, each after so many; all have windows of one length."""
    waiting, symbols, values = [], [], []
    arrays = [_arrays(part) for _, part in parts]
    window = max((own.shape[2] for _, own in arrays), default=0)
    known = 0
    for (size, part), (own, own_values) in zip(parts, arrays, strict=True):
        trades = tape.unpack(part.waiting)
        trades["symbol"] += known
        known += size
        waiting.append(trades)
        missing = size - own.size
        symbols.append(np.concatenate([own, np.zeros(missing, SYMBOL)]))
        whole = np.zeros((size, 2, window))
        whole[: own.size, :, : own_values.shape[2]] = own_values
        values.append(whole)
    return Packed(
        _packed(columns.joined(waiting)),
        np.concatenate(symbols).tobytes(),
        np.concatenate(values).tobytes(),
    )


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    tape.warm_up()
    zscore.warm_up()
