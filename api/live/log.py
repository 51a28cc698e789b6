"""The newest updates of every partition, for clients that come back."""

from collections import deque
from collections.abc import Iterable

from api.live.update import Place, Update

OVERHEAD = 200  # bytes of memory that an update takes beside its value


class Log:
    """Updates by partition; of all together so many, and so many bytes.

    Where that is too much, the oldest of the partition that has most go: so one that is quiet
    keeps its past although others are busy, or were read after it at the start.
    """

    def __init__(self, max_updates: int, max_bytes: int) -> None:
        self._max_updates = max_updates
        self._max_bytes = max_bytes
        self._parts: dict[Place, _Part] = {}
        self._updates = 0
        self._bytes = 0

    def __len__(self) -> int:
        return self._updates

    @property
    def size(self) -> int:
        """Bytes of memory, about."""
        return self._bytes

    def positions(self) -> dict[Place, int]:
        """The next offset of each partition."""
        return {place: part.position for place, part in self._parts.items()}

    def position(self, place: Place) -> int | None:
        """The next offset of a partition; None if nothing is known of it."""
        part = self._parts.get(place)
        return part.position if part else None

    def begin(self, place: Place, offset: int, keep_from: int = 0) -> None:
        """Forget what is kept of a partition: it is read from an offset on, and kept from another.

        What is before ``keep_from`` is not to be put.
        """
        part = self._parts.get(place)
        if part:
            self._updates -= len(part.updates)
            self._bytes -= part.bytes
        self._parts[place] = _Part(offset, max(offset, keep_from))

    def advance(self, place: Place, position: int) -> None:
        """Note that a partition has been read up to an offset."""
        part = self._parts[place]
        part.position = max(part.position, position)

    def extend(self, place: Place, updates: Iterable[Update]) -> None:
        """Take in updates of a partition, whose offsets ascend."""
        part = self._parts[place]
        for each in updates:
            part.updates.append(each)
            part.bytes += OVERHEAD + len(each.value)
            self._bytes += OVERHEAD + len(each.value)
            self._updates += 1
        while self._updates > self._max_updates or self._bytes > self._max_bytes:
            self._shrink()

    def begins(self, place: Place) -> int:
        """From which offset on a partition is kept without holes."""
        return self._parts[place].begins

    def since(self, place: Place, offset: int) -> list[Update]:
        """The updates of a partition from an offset on."""
        found = []
        for each in reversed(self._parts[place].updates):
            if each.offset < offset:
                break
            found.append(each)
        found.reverse()
        return found

    def _shrink(self) -> None:
        largest = max(self._parts.values(), key=lambda part: part.bytes)
        for _ in range(len(largest.updates) // 64 + 1):
            gone = largest.updates.popleft()
            largest.begins = gone.offset + 1
            largest.bytes -= OVERHEAD + len(gone.value)
            self._bytes -= OVERHEAD + len(gone.value)
            self._updates -= 1


class _Part:
    """What is kept of one partition."""

    __slots__ = ("begins", "bytes", "position", "updates")

    def __init__(self, offset: int, begins: int) -> None:
        self.begins = begins
        self.position = offset
        self.bytes = 0
        self.updates: deque[Update] = deque()
