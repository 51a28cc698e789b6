"""What waits to be written to one client; bounded."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator

from api.live.message import Message

WRITE_BYTES = 64 << 10  # handed to the transport at once, about


class Outbox:
    """Messages in their order; the event loop alone puts and takes.

    Args:
        max_messages: That may wait.
        max_bytes: That may wait; one message always may.
    """

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._waiting: deque[Message | Iterator[Message]] = deque()
        self._bytes = 0
        self._behind = 0
        self._closed = False
        self._changed = asyncio.Event()

    @property
    def behind(self) -> int:
        """Updates that wait."""
        return self._behind

    @property
    def bytes(self) -> int:
        """Bytes that wait."""
        return self._bytes

    @property
    def closed(self) -> bool:
        """Whether nothing more comes."""
        return self._closed

    def put(self, message: Message) -> bool:
        """Add a message; false if there is no room for it, or nothing more is to come."""
        if self._closed:
            return False
        if self._waiting and (
            len(self._waiting) >= self._max_messages or self._bytes + message.size > self._max_bytes
        ):
            return False
        self._bytes += message.size
        self._behind += message.count
        self._waiting.append(message)
        self._changed.set()
        return True

    def put_made_later(self, messages: Iterable[Message]) -> None:
        """Add messages that are made one by one as they are taken, and take no room."""
        if not self._closed:
            self._waiting.append(iter(messages))
            self._changed.set()

    def close(self, last: Message | None = None) -> None:
        """Let all that waits go, but for a last message."""
        self._waiting.clear()
        self._bytes = self._behind = 0
        if last and not self._closed:
            self._waiting.append(last)
        self._closed = True
        self._changed.set()

    async def take(self) -> list[Message]:
        """Wait for messages, and take as many as are to be written at once; none at the end."""
        while not (taken := self.take_now()) and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        return taken

    def take_now(self) -> list[Message]:
        """Take what waits, as much as is to be written at once."""
        taken: list[Message] = []
        size = 0
        while self._waiting and size < WRITE_BYTES:
            following = self._next()
            if following:
                taken.append(following)
                size += following.size
        return taken

    def _next(self) -> Message | None:
        first = self._waiting[0]
        if isinstance(first, Message):
            self._waiting.popleft()
            if not self._closed:
                self._bytes -= first.size
                self._behind -= first.count
            return first
        made = next(first, None)
        if made is None:
            self._waiting.popleft()
        return made
