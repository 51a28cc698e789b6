"""The newest correlations of all pairs of symbols."""

import heapq
import math
import threading
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from api.errors import UnknownSymbolError
from api.records import Correlation

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Pair:
    """How the returns of two symbols go together, as of the minute that ended at ``timestamp``.

    ``returns`` is how many both have in the window; with too few there is no ``correlation``.
    """

    symbol: str
    other: str
    correlation: float | None
    returns: int
    timestamp: int


class Correlations:
    """The newest message of each symbol that is as new as a window is long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: dict[str, Correlation] = {}
        self._newest: Correlation | None = None

    @property
    def newest(self) -> Correlation | None:
        """The message of the newest minute; None before the first."""
        return self._newest

    def __len__(self) -> int:
        """How many pairs there are."""
        with self._lock:
            return sum(len(each.correlations) for each in self._messages.values())

    def put(self, messages: Iterable[Correlation]) -> None:
        """Take in messages in the order they were read."""
        with self._lock:
            for message in messages:
                kept = self._messages.get(message.symbol)
                if kept is None or message.timestamp >= kept.timestamp:
                    self._messages[message.symbol] = message
                if self._newest is None or message.timestamp > self._newest.timestamp:
                    self._newest = message
                    self._forget(message.timestamp - message.window * MINUTE_MS)

    def pairs(self, symbols: Collection[str], least: float, limit: int) -> list[Pair]:
        """Pairs, those that go together or against each other the most first.

        Args:
            symbols: Pairs among these; of one, all its pairs; of none, all.
            least: How strong a correlation must be, from 0 to 1, in either direction; with 0 the
                pairs without one come too, as the last.
            limit: Most pairs.

        Raises:
            UnknownSymbolError: There is no pair with one of the symbols.
        """
        with self._lock:
            messages = list(self._messages.values())
        if symbols:
            known = {each.symbol for each in messages}.union(*(m.correlations for m in messages))
            for symbol in symbols:
                if symbol not in known:
                    raise UnknownSymbolError("correlations", symbol, known)
        found = _all(messages, set(symbols))
        if least > 0:
            found = (pair for pair in found if _size(pair) >= least)
        return heapq.nlargest(limit, found, key=_size)

    def _forget(self, before: int) -> None:
        """Lets messages of symbols go that have no returns any more."""
        old = [symbol for symbol, each in self._messages.items() if each.timestamp <= before]
        for symbol in old:
            del self._messages[symbol]


def _all(messages: Iterable[Correlation], symbols: set[str]) -> Iterator[Pair]:
    # Of one symbol any pair will do that has it, of several both must be among them.
    least = min(len(symbols), 2)
    for message in messages:
        own = message.symbol in symbols
        for other, value in message.correlations.items():
            if own + (other in symbols) >= least:
                count = message.fewer.get(other, message.window)
                yield Pair(message.symbol, other, value, count, message.timestamp)


def _size(pair: Pair) -> float:
    return -math.inf if pair.correlation is None else abs(pair.correlation)
