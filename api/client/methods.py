"""What both clients have."""

from typing import Any

import httpx

from ..backoff import Backoff
from . import questions
from .following import BACKOFF
from .question import Call

LOCAL = "http://127.0.0.1:8000"
AGENT = "tapeline-client"


class Methods:
    """Where a service is, and its questions as methods.

    Args:
        url: Of the service.
        key: An API key, where the service asks for one.
        timeout: Seconds that a part of an answer may take.
        backoff: How long to wait before a stream that broke is taken up again.

    Raises:
        ValueError: The URL is none of HTTP.
        UnreachableError: Of all methods: there was no answer.
        RefusedError: Of all methods: the answer is an error.
    """

    def __init__(
        self,
        url: str = LOCAL,
        key: str | None = None,
        timeout: float = 30.0,
        backoff: Backoff = BACKOFF,
    ) -> None:
        base = httpx.URL(url.rstrip("/") + "/")
        if base.scheme not in ("http", "https") or not base.host:
            raise ValueError(f"expected a URL such as {LOCAL}, got {url!r}")
        headers = {"User-Agent": AGENT}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self.url = url
        self._backoff = backoff
        self._open({"base_url": base, "headers": headers, "timeout": timeout})

    def _open(self, options: dict[str, Any]) -> None:
        """Make the client of httpx."""
        raise NotImplementedError

    health = Call(questions.health)
    symbols = Call(questions.symbols)
    candles = Call(questions.candles)
    filled_candles = Call(questions.filled_candles)
    aggregations = Call(questions.aggregations)
    order_flow = Call(questions.order_flow)
    book = Call(questions.book)
    indicators = Call(questions.indicators)
    trends = Call(questions.trends)
    anomalies = Call(questions.anomalies)
    quality = Call(questions.quality)
    outages = Call(questions.outages)
    late = Call(questions.late)
    correlations = Call(questions.correlations)
    alerts = Call(questions.alerts)
    dead_letters = Call(questions.dead_letters)
    ledger = Call(questions.ledger)
    jobs = Call(questions.jobs)
    job = Call(questions.job)
    hooks = Call(questions.hooks)
