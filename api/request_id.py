"""The id of a request: in its answer, in its errors and in the lines of the log about it."""

import logging
import re
import time
from contextvars import ContextVar
from urllib.parse import quote
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.security.redact import hidden

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")
NONE = "-"  # where there is no request
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s"

log = logging.getLogger("api.access")

_current: ContextVar[str] = ContextVar("request_id", default=NONE)


def current() -> str:
    """The id of the request that is being answered."""
    return _current.get()


class RequestId:
    """ASGI middleware that gives every request an id, the caller's if it is sane, and logs it.

    The id stays in the context, which belongs to the request: what is logged of a failure after
    this middleware has it too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, add the id to the answer, and write a line when it is answered."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        is_sane = SANE.fullmatch(given) and hidden(given) == given
        _current.set(given if is_sane else uuid4().hex)
        status = 500

        async def add(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = current()
            await send(message)

        started = time.perf_counter()
        try:
            await self._app(scope, receive, add)
        finally:
            if scope["type"] == "http":
                ms = (time.perf_counter() - started) * 1_000
                path = hidden(quote(scope["path"]))
                log.info("%s %s %d %.1f ms", scope["method"], path, status, ms)


class RequestIdFilter(logging.Filter):
    """Lets a handler's format name ``request_id``."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, with the id."""
        record.request_id = current()
        return True


def install_logging(level: str) -> None:
    """Write the log to standard error from this level on, each line with the request's id."""
    logging.basicConfig(level=level.upper(), format=LOG_FORMAT)
    for handler in logging.getLogger().handlers:
        handler.addFilter(RequestIdFilter())
