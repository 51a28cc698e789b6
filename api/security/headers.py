"""What browsers are told to keep to."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A page may load what its own service has, and nothing written into the page itself.
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
UNUSED = (
    *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer"),
    *("microphone", "midi", "payment", "screen-wake-lock", "usb"),
)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": ", ".join(f"{each}=()" for each in UNUSED),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def headers_for(content_type: str) -> dict[str, str]:
    """The headers of an answer of this type."""
    is_page = content_type.startswith("text/html")
    return {**HEADERS, "Content-Security-Policy": PAGE_POLICY if is_page else DATA_POLICY}


class SecurityHeaders:
    """ASGI middleware that adds these headers to every answer, refusals too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add to its answer."""

        async def add(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                headers.update(headers_for(headers.get("content-type", "")))
            await send(message)

        await self._app(scope, receive, add)
