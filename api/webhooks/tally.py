"""What one target was sent, and what came of it, since the service started."""

from dataclasses import dataclass

import msgspec

from api.breaker import State
from api.metrics import Metrics
from api.webhooks.answer import Answer, Reason


class WebhookStatus(msgspec.Struct):
    """How one target does; the fields of Tally, and what it is."""

    name: str
    host: str
    rules: list[str] | None
    breaker: State
    delivered: int
    failed_attempts: int
    dead: int
    last_status: int | None
    last_at: int | None


@dataclass(slots=True)
class Tally:
    """Counts of one target; its thread writes, any may read.

    Attributes:
        name: The target's.
        metrics: Told of all of it too.
        delivered: Alerts that it has taken.
        failed_attempts: Requests that failed.
        dead: Alerts that were given up on.
        last_status: The status of the newest answer, None where the newest attempt had none.
        last_at: When the newest attempt ended, ms since the epoch; None before the first.
    """

    name: str
    metrics: Metrics
    delivered: int = 0
    failed_attempts: int = 0
    dead: int = 0
    last_status: int | None = None
    last_at: int | None = None

    def attempted(self, answer: Answer, now: int) -> None:
        """An attempt has ended, at a time in ms."""
        self.last_status, self.last_at = answer.status, now
        if answer.reason is None:
            self.delivered += 1
            self.metrics.webhook_delivered.labels(self.name).inc()
        else:
            self.failed_attempts += 1
            self.metrics.webhook_failed_attempts.labels(self.name).inc()

    def given_up(self, reason: Reason) -> None:
        """An alert was given up on."""
        self.dead += 1
        self.metrics.webhook_dead.labels(self.name, reason).inc()
