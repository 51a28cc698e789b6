"""One client of the streams."""

from collections.abc import Iterable, Iterator

from api.live.cursor import Cursor
from api.live.link import Link
from api.live.message import Message
from api.live.outbox import Outbox
from api.live.subscription import Subscription


class Client:
    """What a client asked for, and what it is still to be written.

    Attributes:
        outbox: What waits for it.
        link: Its connection, if the server gives it.
        asked: What it is told; None before it asks.
        count: Rows of each series in a snapshot.
        since: Where it goes on, until it does.
        gap: Why it cannot; empty if it can.
        asked_at: When it asked, ms.
        said_at: When it was last told anything, ms.
        writing_since: Since when a write has been waiting for it to read, ms; None if none is.
        slow: Whether it was cut off because it did not read.
    """

    def __init__(self, outbox: Outbox, link: Link | None, now: int) -> None:
        self.outbox = outbox
        self.link = link
        self.asked: Subscription | None = None
        self.count = 1
        self.since: Cursor | None = None
        self.gap = ""
        self.asked_at = now
        self.said_at = now
        self.writing_since: int | None = None
        self.slow = False
        self._told = 0

    def numbered(self, messages: Iterable[Message]) -> Iterator[tuple[int, Message]]:
        """Messages with their numbers, from 1 without holes; each must be sent."""
        for message in messages:
            self._told += 1
            yield self._told, message
