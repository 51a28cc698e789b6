"""What Prometheus may ask of the service."""

import time
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Metrics:
    """Every metric of the service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self.messages = Counter(
            "tapeline_api_messages", "Messages read from Kafka", ["topic"], registry=registry
        )
        self.decode_failures = Counter(
            "tapeline_api_decode_failures",
            "Messages read that are not what the topic's contract says",
            ["topic"],
            registry=registry,
        )
        self.lag = Gauge(
            "tapeline_api_lag_messages", "Messages not read yet", ["topic"], registry=registry
        )
        self.ledger = Gauge(
            "tapeline_api_ledger_records",
            "Records by what became of them, as the ledger has it",
            ["outcome"],
            registry=registry,
        )
        self.webhook_delivered = Counter(
            "tapeline_api_webhook_delivered",
            "Alerts that a webhook has taken",
            ["target"],
            registry=registry,
        )
        self.webhook_failed_attempts = Counter(
            "tapeline_api_webhook_failed_attempts",
            "Requests to a webhook that failed",
            ["target"],
            registry=registry,
        )
        self.webhook_dead = Counter(
            "tapeline_api_webhook_dead",
            "Alerts for a webhook that were given up on",
            ["target", "reason"],
            registry=registry,
        )
        self.webhook_breaker = Gauge(
            "tapeline_api_webhook_breaker",
            "Circuit breaker of a webhook: 0 closed, 1 half open, 2 open",
            ["target"],
            registry=registry,
        )
        self.requests = Histogram(
            "tapeline_api_request_duration_seconds",
            "Time from a request to the end of its answer",
            ["method", "route", "status"],
            registry=registry,
        )

    def watch(self, name: str, help_text: str, value: Callable[[], float]) -> None:
        """Add a gauge that is read when Prometheus asks."""
        Gauge(name, help_text, registry=self.registry).set_function(value)


class RequestTimer:
    """ASGI middleware that observes every HTTP request under the template of its route."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note its status and duration."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self._app(scope, receive, note)
        finally:
            # One label for all that match no route: a scan must not fill the memory with labels.
            route = getattr(scope.get("route"), "path_format", "(none)")
            labels = (scope["method"], route, str(status))
            self._metrics.requests.labels(*labels).observe(time.perf_counter() - started)
