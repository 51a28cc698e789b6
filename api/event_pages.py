"""Pages of what happened at a moment."""

from collections.abc import Hashable, Iterable
from typing import Protocol, TypeVar

import msgspec

from api.paging import Walk
from api.parameters import SpanParameters

Place = tuple[int, str]
"""Among others: by time, ms, and of the same time by key."""
PLACES: msgspec.json.Decoder[Place] = msgspec.json.Decoder(Place)


class Keyed(Protocol):
    """What has a moment, and a key that it keeps."""

    @property
    def timestamp(self) -> int:
        """Its moment, ms."""
        ...

    @property
    def key(self) -> Hashable:
        """What it is known by among those of its kind."""
        ...


E = TypeVar("E", bound=Keyed)


def place_of(event: Keyed) -> Place:
    """Where an event stands among others, whatever came before it."""
    return event.timestamp, msgspec.json.encode(event.key).decode()


class EventWalk(Walk[Place]):
    """A walk through events."""

    def __init__(self, name: str, symbol: str, asked: SpanParameters) -> None:
        super().__init__(name, symbol, asked, PLACES)
        self._since = -float("inf") if asked.since is None else asked.since
        self._until = float("inf") if asked.until is None else asked.until

    def page(self, events: Iterable[E]) -> tuple[list[E], str | None]:
        """The events of this page of the span, ascending by time, and the cursor of the next."""
        found = [each for each in events if self._since <= each.timestamp < self._until]
        found.sort(key=place_of)
        if self.place is not None:
            before = self.place
            found = [each for each in found if place_of(each) < before]
        return self.cut(found, place_of)
