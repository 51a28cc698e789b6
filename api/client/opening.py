"""How connections are opened."""

from typing import Any

import httpx

from .following import SILENCE_S, Following

LOCAL = "http://127.0.0.1:8000"
AGENT = "tapeline-client"


def options(url: str, key: str | None, timeout: float) -> dict[str, Any]:
    """Of an httpx client.

    Raises:
        ValueError: The URL is none of HTTP.
    """
    base = httpx.URL(url.rstrip("/") + "/")
    if base.scheme not in ("http", "https") or not base.host:
        raise ValueError(f"expected a URL such as {LOCAL}, got {url!r}")
    headers = {"User-Agent": AGENT}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return {"base_url": base, "headers": headers, "timeout": timeout}


def streaming(following: Following) -> dict[str, Any]:
    """Of a request for a stream."""
    return {
        "params": following.parameters,
        "headers": following.headers(),
        "timeout": httpx.Timeout(10.0, read=SILENCE_S),
    }


class Polling:
    """The waits between looks at something that will be over soon, or is long."""

    def __init__(self) -> None:
        self._wait = 0.05

    def wait(self) -> float:
        """Seconds until the next look."""
        self._wait = min(self._wait * 1.5, 1.0)
        return self._wait
