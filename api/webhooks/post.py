"""One attempt to deliver an alert over HTTP."""

import ssl
from collections.abc import Callable
from urllib.parse import quote

import httpcore

from api.webhooks.answer import Answer, judge
from api.webhooks.network import ForbiddenAddressError, Network
from api.webhooks.parcel import Parcel
from api.webhooks.signature import sign
from api.webhooks.targets import Target

USER_AGENT = "Tapeline-Webhooks/1"
MOST_READ = 2_048  # bytes of an answer, for the reason
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


class Post:
    """Sends alerts to one target, each attempt signed anew and on a connection of its own.

    Args:
        target: Where to.
        secret: What requests are signed with.
        network: How it is connected to.
        timeout: The longest wait to connect, and then for each step of the answer, seconds.
        clock: The time, ms since the epoch.
        trust: Which certificates are trusted; those of public authorities if it is None.
    """

    def __init__(
        self,
        target: Target,
        secret: bytes,
        network: Network,
        timeout: float,
        clock: Callable[[], int],
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._url = str(target.url)
        default = {"https": 443, "http": 80}[target.url.scheme]
        port = target.url.port
        self._host = target.host if port in (None, default) else f"{target.host}:{port}"
        self._secret = secret
        self._network = network
        self._timeouts = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
        self._clock = clock
        # Reading the certificates takes longer than a request: once is enough.
        self._trust = trust or httpcore.default_ssl_context()

    def send(self, parcel: Parcel) -> Answer:
        """Send an alert, and say what came of it; nothing is raised."""
        seconds = self._clock() // 1_000
        headers: dict[bytes | str, bytes | str] = {
            "Host": self._host,
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Connection": "close",
            # A symbol may hold anything; a header may not.
            "Tapeline-Id": quote(parcel.alert.id, safe=_PRINTABLE),
            "Tapeline-Timestamp": str(seconds),
            "Tapeline-Signature": sign(self._secret, seconds, parcel.body),
        }
        try:
            # A pool, which reads no proxy from the environment and follows no redirect.
            with (
                httpcore.ConnectionPool(
                    ssl_context=self._trust, max_connections=1, network_backend=self._network
                ) as pool,
                pool.stream(
                    "POST",
                    self._url,
                    headers=headers,
                    content=parcel.body,
                    extensions={"timeout": self._timeouts},
                ) as response,
            ):
                return judge(
                    response.status,
                    _beginning(response),
                    _header(response, b"retry-after"),
                    self._clock() / 1_000,
                )
        except ForbiddenAddressError as error:
            return Answer("forbidden_address", False, str(error))
        except httpcore.TimeoutException as error:
            return Answer("timeout", True, _said(error))
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            return Answer("unreachable", True, _said(error))


def _beginning(response: httpcore.Response) -> bytes:
    """The beginning of an answer's body, as far as it came; of a good answer nothing is read."""
    read = b""
    if not 200 <= response.status < 300:
        try:
            for chunk in response.iter_stream():
                read += chunk
                if len(read) >= MOST_READ:
                    break
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
            pass  # the status is what counts
    return read[:MOST_READ]


def _header(response: httpcore.Response, name: bytes) -> str | None:
    found = [value for each, value in response.headers if each.lower() == name]
    return found[0].decode("latin-1") if found else None


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
