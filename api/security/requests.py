"""How slowly a request may begin, and with how much."""

import asyncio
from http import HTTPStatus

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.security.gate import Gate
from api.security.refusal import Refusal

HEADERS_SECONDS = 10
MOST_HEADERS = 100
HEADERS_BYTES = 16_384


class PatientProtocol(H11Protocol):
    """A connection that is closed if the headers of a request do not come in time.

    uvicorn itself waits for ever once a byte has come, or before the first one.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._timer: asyncio.TimerHandle | None = None
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came; if it does not end a request's headers, the rest must come soon."""
        request = self.scope
        super().data_received(data)
        if self.scope is not request:
            self._stop_waiting()
        elif self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(HEADERS_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


class HeaderGate(Gate):
    """ASGI middleware that refuses too many headers, or too long ones.

    h11 bounds what has come of a request that has not come whole; one that comes in a single
    piece may be longer.
    """

    def check(self, scope: Scope) -> None:
        """Refuse a request with too much of them."""
        headers = scope["headers"]
        size = sum(len(name) + len(value) for name, value in headers)
        size += len(scope.get("raw_path") or b"") + len(scope["query_string"])
        if len(headers) > MOST_HEADERS or size > HEADERS_BYTES:
            raise Refusal(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                "headers-too-large",
                f"at most {MOST_HEADERS} headers, of {HEADERS_BYTES} bytes together with the URL",
            )
