"""Whose request it is."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Scope

from api.security.gate import Gate
from api.security.keyring import Keyring
from api.security.keys import KEY, Key, KeysFileError
from api.security.refusal import Refusal
from api.security.sessions import COOKIE, Sessions

IN_A_URL = re.compile(KEY.pattern.encode())


@dataclass(frozen=True, slots=True)
class Caller:
    """The key of a request, None if it has none that is good.

    ``tried`` is whether it brought anything, and ``by_cookie`` whether that was a cookie: a
    browser adds one whichever page asks.
    """

    key: Key | None
    tried: bool
    by_cookie: bool


class CallerGate(Gate):
    """ASGI middleware that notes the caller in ``scope["caller"]``; says nothing of rights.

    It refuses keys in URLs, which end up in logs and histories, and all while the file of keys
    cannot be read.
    """

    def __init__(self, app: ASGIApp, keyring: Keyring, sessions: Sessions) -> None:
        super().__init__(app)
        self._keyring = keyring
        self._sessions = sessions

    def check(self, scope: Scope) -> None:
        """Note whose request it is."""
        for part in (scope.get("raw_path", b""), scope["query_string"]):
            if IN_A_URL.search(part) or IN_A_URL.search(unquote_to_bytes(part)):
                raise Refusal(
                    HTTPStatus.BAD_REQUEST,
                    "key-in-url",
                    "a key belongs into the header Authorization or X-API-Key, never into a URL, "
                    "which others may read: revoke this one",
                )
        try:
            scope["caller"] = self._caller(HTTPConnection(scope))
        except KeysFileError:
            raise Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "keys-unreadable",
                "the keys of this service cannot be read; its log says why",
            ) from None

    def _caller(self, request: HTTPConnection) -> Caller:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        presented = token.strip() if kind.lower() == "bearer" else None
        if presented is None:
            presented = request.headers.get("x-api-key")
        if presented is not None:
            return Caller(self._keyring.find(presented), tried=True, by_cookie=False)
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            return Caller(None, tried=False, by_cookie=False)
        key_id = self._sessions.key_id(cookie)
        key = self._keyring.known(key_id) if key_id else None
        return Caller(key, tried=True, by_cookie=True)


def caller_of(scope: Scope) -> Caller | None:
    """The caller of a request, None where no keys are asked for."""
    caller: Caller | None = scope.get("caller")
    return caller
