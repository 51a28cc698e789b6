"""What is known of the quality of the feed: of each symbol, and of whole partitions."""

import threading
from collections import OrderedDict
from collections.abc import Iterable

from api.events import Events
from api.records import FatFinger, Gap, Outage, Totals

Event = Gap | FatFinger | Totals


class Quality:
    """Gaps, fat fingers and totals by symbol, and the outages of partitions, the newest of each.

    Args:
        most: Kept of one symbol, and of outages.
        max_total: Kept of all symbols.
    """

    def __init__(self, most: int, max_total: int) -> None:
        self._of_symbols = Events[Event]("quality", most, max_total)
        self._most = most
        self._lock = threading.Lock()
        self._outages: OrderedDict[tuple[str, int, int], Outage] = OrderedDict()

    def __len__(self) -> int:
        return len(self._of_symbols) + len(self._outages)

    def put(self, events: Iterable[Event | Outage]) -> None:
        """Take in events in the order they were read."""
        of_symbols: list[Event] = []
        for event in events:
            if isinstance(event, Outage):
                self._put(event)
            else:
                of_symbols.append(event)
        self._of_symbols.put(of_symbols)

    def of(self, symbol: str) -> list[Event]:
        """Those of a symbol, by their times.

        Raises:
            UnknownSymbolError: Nothing is kept of the symbol.
        """
        return self._of_symbols.of(symbol)

    def outages(self) -> list[Outage]:
        """The outages, by their end."""
        with self._lock:
            found = list(self._outages.values())
        return sorted(found, key=lambda outage: outage.end)

    def _put(self, outage: Outage) -> None:
        with self._lock:
            # A job that recovers publishes some again.
            self._outages[outage.topic, outage.partition, outage.end] = outage
            if len(self._outages) > self._most:
                self._outages.popitem(last=False)


def silent_ms(gap: Gap, outages: Iterable[Outage]) -> int:
    """How long of a gap the whole partition was silent, as far as outages are known."""
    return sum(
        max(0, min(gap.end, each.end) - max(gap.start, each.start))
        for each in outages
        if (each.topic, each.partition) == (gap.topic, gap.partition)
    )
