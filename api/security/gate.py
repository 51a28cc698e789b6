"""What all middlewares have in common that let a request pass or refuse it."""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.security.refusal import Refusal


class Gate:
    """ASGI middleware that lets HTTP requests and WebSockets pass if :meth:`check` does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def check(self, scope: Scope) -> None:
        """Judge a request.

        Raises:
            Refusal: It may not pass.
        """
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer why not."""
        if scope["type"] in ("http", "websocket"):
            try:
                self.check(scope)
            except Refusal as refusal:
                await refusal.answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
