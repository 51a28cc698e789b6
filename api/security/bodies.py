"""How much a request may bring, and how slowly."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors
from api.security.refusal import Refusal

LEAST_RATE = 16_384  # bytes a second that a body must come with, after the first wait
# A client that still sends when its connection is closed does not get to see why: so much more
# is read, and thrown away, before that.
LINGER_BYTES = 4_194_304
LINGER_SECONDS = 2
CLOSE = {"Connection": "close"}


class BodyError(HTTPException):
    """A body is too large, or too slow; raised where it is read, and answered wherever caught."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.problem.status, refusal.problem.detail, refusal.headers)
        self.refusal = refusal


def install(app: Starlette) -> None:
    """Let an application that catches the error give the answer that the middleware gives."""

    def respond(_: Request, error: Exception) -> Response:
        assert isinstance(error, BodyError)
        return errors.respond(error.refusal.problem, error.refusal.headers)

    app.add_exception_handler(BodyError, respond)


class BodyGate:
    """ASGI middleware that counts the bytes of a body as they come, whatever was declared.

    Args:
        app: What comes next.
        most: Bytes of a body.
        exceptions: Those of single paths.
        patience: Seconds that are waited for a body in all, and a second more for each
            ``LEAST_RATE`` bytes; time that the application takes does not count.
    """

    def __init__(
        self, app: ASGIApp, most: int, exceptions: Mapping[str, int], patience: float
    ) -> None:
        self._app = app
        self._most = most
        self._exceptions = exceptions
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a body that ends where it must."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._exceptions.get(scope["path"], self._most)
        body = _Body(receive, most, self._patience)
        is_begun = False

        async def answer(message: Message) -> None:
            nonlocal is_begun
            is_begun = True
            is_end = message["type"] == "http.response.body" and not message.get("more_body")
            if body.refusal and is_end:
                await send({**message, "more_body": True})
                await body.linger()
                message = {"type": "http.response.body"}
            await send(message)

        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > most:
            body.refusal = _too_large(most)
            await body.refusal.answer(scope, receive, answer)
            return
        try:
            await self._app(scope, body.receive, answer)
        except BodyError:
            if is_begun or body.refusal is None:
                raise
            await body.refusal.answer(scope, receive, answer)


class _Body:
    """A body as it is read."""

    def __init__(self, receive: Receive, most: int, patience: float) -> None:
        self._receive = receive
        self._most = most
        self._left = patience
        self._came = 0
        self._is_whole = False
        self.refusal: Refusal | None = None

    async def receive(self) -> Message:
        """The next part of it.

        Raises:
            BodyError: It is too large, or too slow.
        """
        if self.refusal:
            raise BodyError(self.refusal)
        if self._is_whole:
            return await self._receive()  # waits for the client to go away
        since = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                message = await self._receive()
        except TimeoutError:
            self._left = 0
            self.refusal = Refusal(
                HTTPStatus.REQUEST_TIMEOUT, "slow-body", "the body came too slowly", CLOSE
            )
            raise BodyError(self.refusal) from None
        if message["type"] != "http.request":
            return message
        size = len(message.get("body", b""))
        self._left += size / LEAST_RATE - (time.monotonic() - since)
        self._came += size
        self._is_whole = not message.get("more_body", False)
        if self._came > self._most:
            self.refusal = _too_large(self._most)
            raise BodyError(self.refusal)
        return message

    async def linger(self) -> None:
        """Read on for a little, so that the client sees the answer; not if it is the slow one."""
        is_slow = self._left <= 0
        left, more = LINGER_BYTES, not (self._is_whole or is_slow)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while more and left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    more = message.get("more_body", False)


def _too_large(most: int) -> Refusal:
    return Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body-too-large",
        f"the body may have {most} bytes at most",
        CLOSE,
    )
