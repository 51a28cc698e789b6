"""Sessions of browsers, whose EventSource and WebSocket can send no key of their own.

A session is a cookie that says whose key it stands for, signed. The service keeps none of them,
so that with ``TAPELINE_SESSION_SECRET`` one is good after a restart, and at any other instance.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable

from itsdangerous import BadSignature, TimestampSigner

from api.security.keys import Key

COOKIE = "tapeline_session"
LIFE_SECONDS = 12 * 3_600
MOST_ENDED = 10_000  # sessions remembered that were ended before their time


class Sessions:
    """Makes sessions and judges them.

    Args:
        secret: What they are signed with; if it is empty, something random.
        clock: The time, ms since the epoch.
    """

    def __init__(self, secret: str, clock: Callable[[], int]) -> None:
        self._signer = _Signer(secret or secrets.token_hex(32), clock)
        self._ended: OrderedDict[str, None] = OrderedDict()

    def begin(self, key: Key) -> str:
        """A session of a key's owner: the value of the cookie."""
        return self._signer.sign(f"{key.id}.{secrets.token_hex(16)}").decode()

    def key_id(self, cookie: str) -> str | None:
        """The id of the key a cookie stands for; None if it is forged, too old, or ended."""
        try:
            session = self._signer.unsign(cookie, max_age=LIFE_SECONDS).decode()
        except BadSignature:
            return None
        return None if session in self._ended else session.partition(".")[0]

    def end(self, cookie: str) -> None:
        """A copy of the cookie is no good either from now on, at this instance."""
        if self.key_id(cookie) is None:
            return
        self._ended[self._signer.unsign(cookie).decode()] = None
        if len(self._ended) > MOST_ENDED:
            self._ended.popitem(last=False)


class _Signer(TimestampSigner):
    def __init__(self, secret: str, clock: Callable[[], int]) -> None:
        super().__init__(secret, salt="tapeline session", digest_method=hashlib.sha256)
        self._clock = clock

    def get_timestamp(self) -> int:
        return self._clock() // 1_000
