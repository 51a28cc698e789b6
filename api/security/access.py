"""What a caller may do."""

from http import HTTPStatus

from starlette.types import Scope

from api.security.callers import caller_of
from api.security.gate import Gate
from api.security.refusal import Refusal
from api.security.scopes import method_of, needed

CHALLENGE = 'Bearer realm="tapeline"'


class AccessGate(Gate):
    """ASGI middleware that refuses requests whose caller may not make them (RFC 6750)."""

    def check(self, scope: Scope) -> None:
        """Refuse a caller without the right key."""
        wanted = needed(method_of(scope), scope["path"])
        if wanted is None:
            return
        caller = caller_of(scope)
        assert caller is not None
        if caller.key is None:
            raise unauthorized(tried=caller.tried)
        if wanted not in caller.key.scopes:
            raise Refusal(
                HTTPStatus.FORBIDDEN,
                "missing-scope",
                f"this needs a key with the scope {wanted}, yours has "
                f"{', '.join(caller.key.scopes)}",
                {"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", scope="{wanted}"'},
            )


def unauthorized(*, tried: bool) -> Refusal:
    """The answer to a caller without a key, or with one that is not good."""
    return Refusal(
        HTTPStatus.UNAUTHORIZED,
        "unauthorized",
        "the key, or the session, is not good"
        if tried
        else "a key is needed: Authorization: Bearer tl_..., or X-API-Key: tl_...",
        {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"' if tried else CHALLENGE},
    )
