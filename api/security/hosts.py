"""Against DNS rebinding: whom a request says that it is for."""

import ipaddress
import re
from collections.abc import Set
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Scope

from api.security.gate import Gate
from api.security.refusal import Refusal
from api.security.settings import is_loopback

HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?", re.IGNORECASE)


class HostGate(Gate):
    """ASGI middleware that refuses names which are not the service's own.

    A page of a stranger may give its own name the address of this service, and then counts as of
    the same origin to the browser. Only its name gives it away, in the header Host.

    Args:
        app: What comes next.
        names: Those of the service, besides the loopback interface's; in lower case.
        addresses: Whether any IP address is good: nobody can make one lead elsewhere.
    """

    def __init__(self, app: ASGIApp, names: Set[str], *, addresses: bool) -> None:
        super().__init__(app)
        self._names = names
        self._addresses = addresses

    def check(self, scope: Scope) -> None:
        """Refuse a foreign name."""
        parts = HOST.fullmatch(Headers(scope=scope).get("host", ""))
        name = (parts[1] or parts[2]).lower() if parts else ""
        if not (is_loopback(name) or name in self._names or self._is_good_address(name)):
            raise Refusal(
                HTTPStatus.MISDIRECTED_REQUEST,
                "unknown-host",
                "the header Host names no host of this service; TAPELINE_API_HOSTS lists them",
            )

    def _is_good_address(self, name: str) -> bool:
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._addresses
