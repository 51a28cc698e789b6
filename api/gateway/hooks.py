"""Hooks of GitHub's: verified, taken once, and published."""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, Counter

from api.gateway.deliveries import KEPT, Deliveries, digest
from api.gateway.errors import (
    BadBodyError,
    BadSignatureError,
    ReplayedError,
    UnavailableError,
    UnsupportedFormError,
)
from api.gateway.event import Event, EventMessage, event_of, taking_in
from api.gateway.filter import Filter
from api.gateway.form import media_type
from api.gateway.publisher import Message, Parcel, Publisher, PublishError
from api.gateway.signature import is_signed
from api.intake import Intake
from api.newest import Newest
from api.reader import Reading
from api.settings import Settings

ANSWER_SECONDS = 8.0  # GitHub waits for 10
RETRY = {"Retry-After": "10"}
_NAME = re.compile(r"[!-~]{1,100}")


class HookAnswer(msgspec.Struct, frozen=True):
    """What became of a hook that was not refused."""

    id: str
    event: str
    published: bool
    filtered: bool


class Hooks:
    """Takes hooks, each once.

    A delivery is remembered by the topic of events itself, which the service's reader reads: so
    none is taken before that has been read after a start.

    Args:
        settings: The secret, and where events go.
        clock: The time, ms since the epoch.
        registry: Told of hooks.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], int], registry: CollectorRegistry
    ) -> None:
        self.events = Newest[Event](settings.max_github_events, lambda event: event.id)
        self.deliveries = Deliveries()
        self._secret = settings.github_secret.get_secret_value().encode()
        self._topic = settings.events_topic
        self._clock = clock
        self._filter = Filter((), settings.gateway_kinds)
        self._publisher = Publisher(
            "hooks", settings.bootstrap_servers, settings.publish_timeout_ms
        )
        self._has_read_back = False
        self._taken = Counter(
            "tapeline_api_hooks",
            "Hooks by what became of them",
            ["event", "outcome"],
            registry=registry,
        )

    @property
    def is_on(self) -> bool:
        """Whether there is a secret, without which no hook can be believed."""
        return bool(self._secret)

    def intake(self) -> Intake[EventMessage]:
        """The way of the topic's messages into memory."""
        put = taking_in(self.events, self.deliveries)
        return Intake(self._topic, msgspec.json.Decoder(EventMessage), put, KEPT)

    def start(self) -> None:
        """Be ready to publish."""
        self._publisher.start()

    def stop(self) -> None:
        """Stop: what is under way fails."""
        self._publisher.stop()

    def require_on(self) -> None:
        """Check that hooks can be taken at all.

        Raises:
            UnavailableError: There is no secret.
        """
        if not self.is_on:
            raise UnavailableError("hooks are off: TAPELINE_GITHUB_SECRET is not set")

    async def take(self, headers: Mapping[str, str], body: bytes, reading: Reading) -> HookAnswer:
        """Publish a hook, and return when the broker has it.

        Args:
            headers: Of the request.
            body: Its bytes as they came.
            reading: How the service's reader stands.

        Raises:
            GatewayError: It is refused, or cannot be published now.
        """
        self.require_on()
        if not is_signed(self._secret, body, headers.get("x-hub-signature-256", "")):
            raise BadSignatureError(
                "expected X-Hub-Signature-256 to be sha256= and the HMAC-SHA256 of the body under "
                "the secret"
            )
        delivery, event = _named(headers, "X-GitHub-Delivery"), _named(headers, "X-GitHub-Event")
        payload = _payload(headers, body)
        if event == "ping":
            return HookAnswer(delivery, event, published=False, filtered=False)
        if not self._filter.passes_kind(event):
            # Not by its name: GitHub knows hundreds of events, and a label is for ever.
            self._taken.labels("(any)", "filtered").inc()
            return HookAnswer(delivery, event, published=False, filtered=True)
        self._require_read_back(reading)
        message = event_of(delivery, event, payload, body, self._clock())
        await self._publish(message, digest(body))
        self._taken.labels(event, "published").inc()
        return HookAnswer(delivery, event, published=True, filtered=False)

    def _require_read_back(self, reading: Reading) -> None:
        if not self._has_read_back:
            self._has_read_back = (
                reading.answered_at is not None
                and self._topic not in reading.missing
                and reading.lag.get(self._topic) == 0
            )
        if not self._has_read_back:
            raise UnavailableError(
                f"the deliveries of before are not read back yet from topic {self._topic}",
                headers=RETRY,
            )

    async def _publish(self, message: EventMessage, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[PublishError | None] = loop.create_future()
        if not self.deliveries.claim(message.id, body):
            raise ReplayedError(f"the delivery {message.id!r}, or its body, came before")

        def tell(error: PublishError | None) -> None:
            if not done.done():
                done.set_result(error)

        def settle(acknowledged: int, error: PublishError | None) -> None:
            self.deliveries.settle(message.id, body, is_kept=acknowledged == 1)
            with suppress(RuntimeError):  # the loop is closed, and nobody waits
                loop.call_soon_threadsafe(tell, error)

        value = msgspec.json.encode(message)
        record = Message(message.event.encode(), value, message.received_at)
        try:
            self._publisher.put_now(Parcel(self._topic, [record], settle))
        except PublishError as error:
            self.deliveries.settle(message.id, body, is_kept=False)
            raise UnavailableError(str(error), headers=RETRY) from None
        try:
            failure = await asyncio.wait_for(done, ANSWER_SECONDS)
        except TimeoutError:
            raise UnavailableError(
                "the broker has not acknowledged the event in time; it may still", headers=RETRY
            ) from None
        if failure is not None:
            raise UnavailableError(str(failure), headers=RETRY)


def _named(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name.lower(), "")
    if not _NAME.fullmatch(value):
        raise BadBodyError(f"expected a header {name}, got {value[:200]!r}")
    return value


def _payload(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    content_type = headers.get("content-type", "")
    if media_type(content_type) != "application/json":
        raise UnsupportedFormError(
            f"expected a Content-Type of application/json, got {content_type!r}",
            ("application/json",),
        )
    try:
        payload = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadBodyError(f"expected JSON: {error}") from None
    if not isinstance(payload, dict):
        raise BadBodyError("expected a JSON object")
    return payload
