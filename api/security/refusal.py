"""Saying no, to a request or to the handshake of a WebSocket."""

from http import HTTPStatus

from starlette.types import Receive, Scope, Send

from api import errors

POLICY_VIOLATION = 1008  # RFC 6455


class Refusal(Exception):
    """A request is not let in; ``kind`` ends the problem's type, ``headers`` go with it."""

    def __init__(
        self, status: HTTPStatus, kind: str, detail: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.problem = errors.Problem(
            type=f"urn:tapeline:{kind}",
            title=kind.replace("-", " ").capitalize(),
            status=status,
            detail=detail,
            valid=[],
        )
        self.headers = headers or {}

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        if scope["type"] == "websocket" and not _can_be_told(scope):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        await errors.respond(self.problem, self.headers)(scope, receive, send)


def _can_be_told(scope: Scope) -> bool:
    return "websocket.http.response" in (scope.get("extensions") or {})
