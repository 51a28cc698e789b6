"""All webhooks of the service."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

from api.backoff import Backoff
from api.breaker import Breaker
from api.metrics import Metrics
from api.settings import Settings
from api.webhooks.courier import Courier, Patience
from api.webhooks.dead_list import DeadList, KafkaDeadList
from api.webhooks.delivery import Connect, Delivery
from api.webhooks.kafka_source import KafkaSource
from api.webhooks.network import Network
from api.webhooks.parcel import Source
from api.webhooks.post import Post
from api.webhooks.tally import Tally, WebhookStatus
from api.webhooks.targets import AlertsFileError, Target, read_targets

STOP_SECONDS = 1.0


class Webhooks:
    """The deliveries of all targets; one that is slow holds up no other."""

    def __init__(self, deliveries: Iterable[Delivery] = ()) -> None:
        self._deliveries = list(deliveries)

    @classmethod
    def build(cls, settings: Settings, metrics: Metrics, clock: Callable[[], int]) -> Self:
        """Those of the alerts file, none if there is no file; nothing runs yet.

        Raises:
            AlertsFileError: The file is not valid, or a target has no secret.
        """
        if not settings.alerts_file:
            return cls()
        path = Path(settings.alerts_file)
        targets = read_targets(path, allow_private=settings.webhook_allow_private)
        without = [each.name for each in targets if each.name not in settings.secrets]
        if without:
            raise AlertsFileError(
                f"{path}: every webhook needs a secret, as name=secret in "
                f"TAPELINE_WEBHOOK_SECRETS; there is none of {', '.join(without)}"
            )
        return cls(_delivery(target, settings, metrics, clock) for target in targets)

    def start(self) -> None:
        """Start to deliver."""
        for delivery in self._deliveries:
            delivery.start()

    def stop(self) -> None:
        """Stop all of it at once."""
        for delivery in self._deliveries:
            delivery.tell_to_stop()
        until = time.monotonic() + STOP_SECONDS
        for delivery in self._deliveries:
            delivery.join(max(0.0, until - time.monotonic()))

    def statuses(self) -> list[WebhookStatus]:
        """How each target does, in the order of the file."""
        return [delivery.courier.status() for delivery in self._deliveries]


def _delivery(
    target: Target, settings: Settings, metrics: Metrics, clock: Callable[[], int]
) -> Delivery:
    seconds = settings.webhook_timeout_ms / 1_000
    network = Network(allow_private=settings.webhook_allow_private, most=seconds)
    secret = settings.secrets[target.name].get_secret_value().encode()
    breaker = Breaker(
        settings.webhook_breaker_failures,
        settings.webhook_breaker_ms / 1_000,
        settings.webhook_max_breaker_ms / 1_000,
    )
    backoff = Backoff(settings.webhook_backoff_ms / 1_000, settings.webhook_max_backoff_ms / 1_000)
    courier = Courier(
        target,
        Post(target, secret, network, seconds, clock),
        Patience(settings.webhook_attempts, backoff, settings.webhook_max_age_ms),
        breaker,
        Tally(target.name, metrics),
        clock,
        time.monotonic,
    )
    states = ("closed", "half_open", "open")
    metrics.webhook_breaker.labels(target.name).set_function(
        lambda: states.index(breaker.state(time.monotonic()))
    )
    return Delivery(courier, _kafka(target, settings, clock), network.cut)


def _kafka(target: Target, settings: Settings, clock: Callable[[], int]) -> Connect:
    @contextmanager
    def connect(stopping: threading.Event) -> Iterator[tuple[Source, DeadList]]:
        source = KafkaSource.connect(
            settings.bootstrap_servers,
            f"{settings.group_id}-webhook-{target.name}",
            settings.alerts_topic,
            stopping,
            clock,
            settings.webhook_max_age_ms,
        )
        dead_list = KafkaDeadList(settings.bootstrap_servers, settings.undelivered_alerts_topic)
        with closing(source), closing(dead_list):
            yield source, dead_list

    return connect
