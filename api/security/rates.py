"""How often a caller may ask."""

import ipaddress
import math
from collections.abc import Callable
from http import HTTPStatus

from limits import RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.security.callers import caller_of
from api.security.refusal import Refusal
from api.security.scopes import PROBES, SAFE
from api.security.windows import Windows

MOST_CALLERS = 10_000
OF_ONE_HOST = 64  # bits of an IPv6 address: whoever has one has all that begin like it


class RateGate:
    """ASGI middleware that counts requests of a key, or else an address, in the last minute.

    One that waits for health or readiness counts for nothing; a WebSocket counts as one that
    reads. Every answer says how many are left.
    """

    def __init__(self, app: ASGIApp, reads: int, writes: int, clock: Callable[[], float]) -> None:
        self._app = app
        self._clock = clock
        self._reads = RateLimitItemPerMinute(reads)
        self._writes = RateLimitItemPerMinute(writes)
        self.windows = Windows(MOST_CALLERS, clock)
        self._limiter = MovingWindowRateLimiter(self.windows)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request, and pass it on unless there were too many."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        is_read = scope["type"] == "websocket" or scope["method"] in SAFE
        limit, kind = (self._reads, "reads") if is_read else (self._writes, "writes")
        who = _who(scope)
        is_good = self._limiter.hit(limit, kind, who)
        stats = self._limiter.get_window_stats(limit, kind, who)
        reset = str(max(1, math.ceil(stats.reset_time - self._clock())))
        standing = {
            "RateLimit-Limit": str(limit.amount),
            "RateLimit-Remaining": str(stats.remaining),
            "RateLimit-Reset": reset,
        }

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(standing)
            await send(message)

        if is_good:
            await self._app(scope, receive, told)
            return
        refusal = Refusal(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too-many-requests",
            f"at most {limit.amount} {kind} a minute; the next in {reset} s",
            {**standing, "Retry-After": reset},
        )
        await refusal.answer(scope, receive, send)


def _who(scope: Scope) -> str:
    caller = caller_of(scope)
    if caller and caller.key:
        return f"key {caller.key.id}"
    host = str((scope.get("client") or ("",))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "address unknown"
    address = getattr(address, "ipv4_mapped", None) or address
    if address.version == 6:
        return f"network {ipaddress.ip_network((address.packed, OF_ONE_HOST), strict=False)}"
    return f"address {address}"
