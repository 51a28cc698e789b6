"""What happened to a symbol at a moment: the newest of each, in memory and bounded."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable
from typing import Generic, Protocol, TypeVar

from api.errors import UnknownSymbolError


class Event(Protocol):
    """Something that happened to a symbol."""

    symbol: str
    timestamp: int

    @property
    def key(self) -> Hashable:
        """What it is known by among those of its symbol."""
        ...


E = TypeVar("E", bound=Event)


class Events(Generic[E]):
    """Events by symbol; one thread writes, any number read.

    A job that recovers publishes some again: of those with one key the newest is kept.

    Args:
        what: They are, to people.
        most: Kept of one symbol, those that came last.
        max_total: Kept in all; where there are more, the symbol that was quiet longest goes.
    """

    def __init__(self, what: str, most: int, max_total: int) -> None:
        self._what = what
        self._most = most
        self._max_total = max_total
        self._lock = threading.Lock()
        self._symbols: OrderedDict[str, OrderedDict[Hashable, E]] = OrderedDict()
        self._total = 0

    def __len__(self) -> int:
        return self._total

    def put(self, events: Iterable[E]) -> None:
        """Take in events in the order they were read."""
        with self._lock:
            for event in events:
                self._put(event)

    def of(self, symbol: str) -> list[E]:
        """Those of a symbol, by their times.

        Raises:
            UnknownSymbolError: Nothing is kept of the symbol.
        """
        with self._lock:
            if symbol not in self._symbols:
                raise UnknownSymbolError(self._what, symbol, self._symbols)
            found = list(self._symbols[symbol].values())
        return sorted(found, key=lambda event: event.timestamp)

    def tails(self, symbols: Collection[str], count: int) -> list[E]:
        """The newest ``count`` of each of these symbols, of all without any, as they came."""
        found: list[E] = []
        with self._lock:
            for symbol in symbols or self._symbols:
                if symbol in self._symbols:
                    found += list(self._symbols[symbol].values())[-count:]
        return found

    def _put(self, event: E) -> None:
        own = self._symbols.setdefault(event.symbol, OrderedDict())
        self._symbols.move_to_end(event.symbol)
        self._total -= len(own)
        own[event.key] = event
        own.move_to_end(event.key)
        if len(own) > self._most:
            own.popitem(last=False)
        self._total += len(own)
        while self._total > self._max_total and len(self._symbols) > 1:
            self._total -= len(self._symbols.popitem(last=False)[1])
