"""What waits for Kafka, bounded."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from scripts.sources.record import Record

BATCH = 1_000


class Sending(Protocol):
    """A sender: ``send`` blocks while Kafka is far behind."""

    def send(self, records: Iterable[Record], /) -> int:
        """Hand records over; return how many were taken: all, unless it was stopped."""


class Delivery:
    """Between the sockets and Kafka.

    Who adds waits for :meth:`room` first and adds at once then, so nothing is lost between both
    when a task is cancelled.

    Args:
        sender: What takes the records; it is called in a thread.
        most: Records that may wait.
    """

    def __init__(self, sender: Sending, most: int) -> None:
        self._sender = sender
        self._most = most
        self._waiting: deque[Record] = deque()
        self._is_ending = False
        self._added = asyncio.Event()
        self._taken = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether there is no room: the exchange is not read then."""
        return len(self._waiting) >= self._most

    async def room(self) -> None:
        """Wait until there is room for a record."""
        while self.is_full:
            self._taken.clear()
            await self._taken.wait()

    def add(self, record: Record) -> None:
        """Let a record wait, when there is room."""
        self._waiting.append(record)
        self._added.set()

    def end(self) -> None:
        """Let :meth:`run` return when nothing waits any more."""
        self._is_ending = True
        self._added.set()

    async def run(self) -> int:
        """Hand over what is added; return how much never was, for the sender was stopped."""
        while True:
            await self._added.wait()
            self._added.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._taken.set()
                taken = await asyncio.to_thread(self._sender.send, batch)
                if taken < len(batch):
                    return len(batch) - taken + len(self._waiting)
            if self._is_ending:
                return 0
