"""How uvicorn is set up for streams."""

import asyncio
from typing import Any

from api.live.link import STATE, Link
from api.security.requests import PatientProtocol

MAX_SOCKET_MESSAGE = 64 << 10  # bytes of one message of a WebSocket's client
PING_SECONDS = 20  # between two pings of a WebSocket, and for its answer


class LinkedProtocol(PatientProtocol):
    """HTTP whose requests, and WebSockets that they become, know their connection."""

    _link: Link | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the connection into the state of all its requests."""
        super().connection_made(transport)
        self._link = Link(transport)
        self.app_state = {**self.app_state, STATE: self._link}

    def shutdown(self) -> None:
        """Tell a stream that the server stops; it would be waited for otherwise."""
        super().shutdown()
        if self._link:
            self._link.stop()


OPTIONS: dict[str, Any] = {
    "http": LinkedProtocol,
    "ws": "websockets-sansio",
    "ws_max_size": MAX_SOCKET_MESSAGE,
    "ws_ping_interval": PING_SECONDS,
    "ws_ping_timeout": PING_SECONDS,
    # Each message would be compressed for each client, and each client have a compressor.
    "ws_per_message_deflate": False,
}
"""What ``uvicorn.Config`` is given."""
