"""What callers may keep: answers about the past, which they ask about again; nothing else."""

from hashlib import sha256

from fastapi.responses import Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TAG = 32  # hexadecimal digits, of a sum that processors compute by themselves
REVALIDATED = "private, no-cache"


def tagged(response: Response, asked: Headers, more: bytes = b"") -> Response:
    """The answer with a strong ETag; or, where the caller has just this one, 304 (RFC 9110).

    Args:
        response: The answer.
        asked: The request's headers.
        more: What the answer depends on beside its body.
    """
    digest = sha256(response.body)
    digest.update(more)
    # Compressed, it is another sequence of bytes, and so needs another tag.
    coding = "-gzip" if "gzip" in asked.get("accept-encoding", "") else ""
    tag = f'"{digest.hexdigest()[:TAG]}{coding}"'
    headers = {"ETag": tag, "Cache-Control": REVALIDATED}
    known = [each.strip().removeprefix("W/") for each in asked.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        vary = response.headers.get("vary", "")
        return Response(status_code=304, headers={**headers, "Vary": f"{vary}, Accept-Encoding"})
    response.headers.update(headers)
    return response


class NoStore:
    """ASGI middleware that lets nobody keep what does not say that it may be kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add to the answer's headers."""

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "etag" not in headers:  # files have one, and are asked about by it
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, add)
