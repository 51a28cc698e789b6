"""The connection under a stream: bounded, and cut where it is not read."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from typing import Any

SEND_BUFFER = 128 << 10  # bytes that the system may hold for a client that does not read
STATE = "link"  # its name in the state of an ASGI scope


class Link:
    """What ASGI does not have: a way to drop what a client does not read.

    ``uvicorn`` closes a connection only once all is written, which never ends for a client that
    does not read.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._stop: Callable[[], None] | None = None

    def bound(self) -> None:
        """Let no more wait in the system than a client needs that reads."""
        own = self._transport.get_extra_info("socket")
        with contextlib.suppress(OSError):  # the client is gone already
            if own is not None:
                own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def on_stop(self, stop: Callable[[], None] | None) -> None:
        """Be told when the server stops; by one at a time."""
        self._stop = stop

    def stop(self) -> None:
        """The server stops."""
        if self._stop:
            self._stop()

    def end(self, seconds: float) -> None:
        """Close the connection after so many seconds, if it still is open, read or not."""
        asyncio.get_running_loop().call_later(seconds, self._end)

    def _end(self) -> None:
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()


def link_of(scope: Mapping[str, Any]) -> Link | None:
    """The connection of a request; None under a server that does not give it."""
    found = scope.get("state", {}).get(STATE)
    return found if isinstance(found, Link) else None
