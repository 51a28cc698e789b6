"""What a key must be good for, by route: the one table."""

from collections.abc import Collection
from dataclasses import dataclass

from starlette.types import Scope as Request

from api.security.keys import Scope

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # methods that change nothing
WEBSOCKET = "GET"  # what the handshake of a WebSocket is
PROBES = frozenset({"/health", "/ready"})


@dataclass(frozen=True, slots=True)
class Rule:
    """Methods at a path and at all below it; ``scope`` is None where no key is needed."""

    methods: Collection[str]
    path: str
    scope: Scope | None

    def covers(self, method: str, path: str) -> bool:
        """Whether it is about this request."""
        below = self.path != "/" and path.startswith(f"{self.path}/")
        return method in self.methods and (path == self.path or below)


# The first rule that covers a request counts.
RULES = (
    Rule(SAFE, "/health", None),  # whoever watches the process has no key
    Rule(SAFE, "/ready", None),
    Rule(SAFE, "/", None),  # the page, which asks for a key
    Rule(SAFE, "/static", None),
    Rule({"POST", "DELETE"}, "/session", None),  # POST looks for a key itself
    Rule({"POST"}, "/webhook/github", None),  # signed by the sender
    Rule({"POST"}, "/upload", "write"),
    Rule(SAFE, "/metrics", "admin"),
    Rule(SAFE, "/api/metrics", "admin"),
    Rule(SAFE, "/api", "read"),
    Rule(SAFE, "/stream", "read"),
    Rule({WEBSOCKET}, "/ws", "read"),
    Rule(SAFE, "/docs", "read"),
    Rule(SAFE, "/openapi.json", "read"),
)


def rule(method: str, path: str) -> Rule | None:
    """The rule for a request, None if the table does not know the path."""
    return next((each for each in RULES if each.covers(method, path)), None)


def needed(method: str, path: str) -> Scope | None:
    """What a key must be good for; what no rule knows is for few, if it may change anything."""
    found = rule(method, path)
    if found is None:
        return "read" if method in SAFE else "admin"
    return found.scope


def method_of(request: Request) -> str:
    """The method of an HTTP request, or that of a handshake."""
    return str(request["method"]) if request["type"] == "http" else WEBSOCKET
