"""One connection to an exchange."""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from scripts.exchanges.adapter import Adapter
from scripts.exchanges.clock import Clock
from scripts.exchanges.limits import Limits

CLOSE_S = 1.0
"""Who goes waits no longer for the other side."""
LARGEST_FRAME_BYTES = 1 << 20
FRAMES = 64
"""Beyond this the library reads no more from the socket, and TCP slows the exchange down."""


class Link:
    """Frames, until it ends; an ``async with`` looks after it meanwhile.

    Pings of the exchange are answered by the library. Its own are sent from here, and only when
    nothing comes although it is read: one that is held back by Kafka has no answer to show.

    Args:
        socket: The open connection.
        clock: Of its age and its silence.
        limits: Of both.
        is_held: Whether it is not read at the moment.

    Attributes:
        due: Set when another should take its place: it is old, will be closed, or has ended.
        is_retired: Whether another has taken it.
        has_proven: Whether anything has come that shows that it works.
        reason: Why it ended or will; empty before.
    """

    def __init__(
        self,
        socket: ClientConnection,
        clock: Clock,
        limits: Limits,
        is_held: Callable[[], bool],
    ) -> None:
        self._socket = socket
        self._clock = clock
        self._limits = limits
        self._is_held = is_held
        self._frames = 0
        self._watching: list[asyncio.Task[None]] = []
        self.due = asyncio.Event()
        self.has_proven = False
        self.is_retired = False
        self.reason = ""

    @classmethod
    async def open(
        cls, adapter: Adapter, clock: Clock, limits: Limits, is_held: Callable[[], bool]
    ) -> Self:
        """Connect and send the greetings.

        Raises:
            OSError: There is no way to the exchange, or it took too long.
            websockets.exceptions.WebSocketException: It does not let one in.
        """
        socket = await connect(
            adapter.url,
            open_timeout=limits.open_s,
            close_timeout=CLOSE_S,
            ping_interval=None,
            max_size=LARGEST_FRAME_BYTES,
            max_queue=FRAMES,
        )
        for greeting in adapter.greetings:
            await socket.send(greeting)
        return cls(socket, clock, limits, is_held)

    async def __aenter__(self) -> Self:
        self._watching = [asyncio.create_task(each()) for each in (self._age, self._listen)]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._watching:
            task.cancel()
        await self._socket.close()

    async def frames(self) -> AsyncIterator[bytes]:
        """What comes, until it ends."""
        while True:
            try:
                frame = await self._socket.recv(decode=False)
            except ConnectionClosed as error:
                self.reason = self.reason or str(error)
                return
            self._frames += 1
            yield frame

    async def retire(self) -> None:
        """Close it; what has come already is still given out."""
        self.is_retired = True
        await self._socket.close()

    def fail(self, reason: str) -> None:
        """Break it off."""
        self.reason = self.reason or reason
        self._socket.transport.abort()

    async def _age(self) -> None:
        await self._clock.sleep(self._limits.lifetime_s)
        self.reason = f"it is {self._limits.lifetime_s / 3_600:.3g} h old"
        self.due.set()

    async def _listen(self) -> None:
        silence_s, quiet_s = self._limits.silence_s, 0.0
        while True:
            before = self._frames
            await self._clock.sleep(silence_s)
            if self._frames > before or self._is_held():
                quiet_s = 0.0
                continue
            quiet_s += silence_s
            if quiet_s >= self._limits.quiet_s:
                return self.fail(f"no data for {quiet_s:g} s")
            try:
                pong = asyncio.ensure_future(await self._socket.ping())
            except ConnectionClosed:
                return None
            late = asyncio.ensure_future(self._clock.sleep(silence_s))
            try:
                await asyncio.wait({pong, late}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                late.cancel()
            if not pong.done() and self._frames == before and not self._is_held():
                return self.fail(f"no answer to a ping in {silence_s:g} s")
