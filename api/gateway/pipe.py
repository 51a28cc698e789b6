"""A bounded way for the bytes of a request, from the event loop to a thread."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress

HELD_BYTES = 1 << 20
"""From here on the sender waits, and so does its socket."""


class BrokenBodyError(Exception):
    """The bytes ended before their end."""


class Pipe:
    """Bytes go in on the loop that made it, and come out in one thread.

    Whoever puts waits while more than ``HELD_BYTES`` are not taken yet: so what is slow behind the
    pipe slows the client down, and memory stays bounded.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Event()
        self._changed = threading.Condition()
        self._chunks: deque[bytes] = deque()
        self._held = 0
        self._ended = self._left = False
        self._error: Exception | None = None

    @property
    def held(self) -> int:
        """Bytes that were put and not taken yet."""
        return self._held

    async def put(self, chunk: bytes) -> bool:
        """Hand on bytes; False if nobody takes any more."""
        with self._changed:
            self._chunks.append(chunk)
            self._held += len(chunk)
            self._changed.notify()
        while self._held > HELD_BYTES and not self._left:
            self._room.clear()
            if self._held > HELD_BYTES and not self._left:
                await self._room.wait()
        return not self._left

    def end(self) -> None:
        """That was all."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def abort(self, error: Exception) -> None:
        """There is more, but it never will come; does nothing after the end."""
        with self._changed:
            if not self._ended:
                self._ended, self._error = True, error
            self._changed.notify()

    def leave(self) -> None:
        """Nothing more is taken: whoever puts need not wait."""
        self._left = True
        self._tell()

    def chunks(self, before_waiting: Callable[[], None]) -> Iterator[bytes]:
        """The bytes as they came, in the thread.

        Args:
            before_waiting: Called where nothing is there, before it is waited for.

        Raises:
            Exception: That with which it was aborted; all that came before was given.
        """
        while True:
            if not self._chunks and not self._ended:
                before_waiting()
            with self._changed:
                while not self._chunks and not self._ended:
                    self._changed.wait()
                if not self._chunks:
                    break
                chunk = self._chunks.popleft()
                self._held -= len(chunk)
            self._tell()
            yield chunk
        if self._error is not None:
            raise self._error

    def _tell(self) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            self._loop.call_soon_threadsafe(self._room.set)
