"""Against pages of others: from which one a browser asks."""

from collections.abc import Collection
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Scope

from api.security.callers import caller_of
from api.security.gate import Gate
from api.security.refusal import Refusal
from api.security.scopes import SAFE


class OriginGate(Gate):
    """ASGI middleware that refuses what pages of other origins would change, and WebSockets.

    Browsers let any page send those, with the cookies of the service or from inside its network;
    all but what is read by GET, which they keep from the page.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        super().__init__(app)
        self._origins = origins

    def check(self, scope: Scope) -> None:
        """Refuse an origin that is neither the service's own nor allowed."""
        if scope["type"] == "http" and scope["method"] in SAFE:
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        caller = caller_of(scope)
        if origin is None:
            # No browser, unless there is a cookie: then it has to say where it comes from.
            is_good = not (caller and caller.by_cookie)
        else:
            is_own = _place(origin) == headers.get("host", "").lower()
            is_good = is_own or origin in self._origins
        if not is_good:
            raise Refusal(
                HTTPStatus.FORBIDDEN,
                "foreign-origin",
                "the header Origin is not this service's; TAPELINE_API_ORIGINS lists others",
            )


def _place(origin: str) -> str | None:
    """The host and port of an origin as the header Host has them; None if it has none."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
