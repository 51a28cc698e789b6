"""What is known of the quality of the feed: of each symbol, and of whole partitions."""

from collections.abc import Collection, Iterable

from api.events import Events
from api.newest import Newest
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
        self._outages = Newest[Outage](most, lambda each: each.key)

    def __len__(self) -> int:
        return len(self._of_symbols) + len(self._outages)

    def put(self, events: Iterable[Event | Outage]) -> None:
        """Take in events in the order they were read."""
        events = list(events)
        self._outages.put(each for each in events if isinstance(each, Outage))
        self._of_symbols.put(each for each in events if not isinstance(each, Outage))

    def of(self, symbol: str) -> list[Event]:
        """Those of a symbol, by their times.

        Raises:
            UnknownSymbolError: Nothing is kept of the symbol.
        """
        return self._of_symbols.of(symbol)

    def tails(self, symbols: Collection[str], count: int) -> list[Event | Outage]:
        """The newest ``count`` of each of these symbols; without any of all, and outages too."""
        outages = [] if symbols else self._outages.newest()[:count][::-1]
        return [*self._of_symbols.tails(symbols, count), *outages]

    def outages(self) -> list[Outage]:
        """The outages, by their end."""
        return sorted(self._outages.newest()[::-1], key=lambda outage: outage.end)


def silent_ms(gap: Gap, outages: Iterable[Outage]) -> int:
    """How long of a gap the whole partition was silent, as far as outages are known."""
    return sum(
        max(0, min(gap.end, each.end) - max(gap.start, each.start))
        for each in outages
        if (each.topic, each.partition) == (gap.topic, gap.partition)
    )
