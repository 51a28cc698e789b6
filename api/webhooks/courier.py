"""Brings alerts to one target: tries again, gives up, and leaves it in peace where that helps."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from api.backoff import Backoff
from api.breaker import Breaker
from api.records import Undelivered
from api.webhooks.answer import Answer, Reason
from api.webhooks.dead_list import DeadList, DeadListError
from api.webhooks.parcel import Parcel, Source
from api.webhooks.tally import Tally, WebhookStatus
from api.webhooks.targets import Target

DEAD_LIST_SECONDS = 1.0  # between two attempts to write to the dead list

log = logging.getLogger(__name__)


class Sender(Protocol):
    """Makes one attempt."""

    def send(self, parcel: Parcel) -> Answer:
        """Send an alert, and say what came of it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How hard it is tried.

    Attributes:
        attempts: The most, of one alert.
        backoff: The waits between them.
        max_age_ms: How old an alert may be when its turn comes, by its ``updated_at``.
    """

    attempts: int
    backoff: Backoff
    max_age_ms: int


class Courier:
    """Brings alerts to one target, one after the other, each at least once.

    An alert is settled with its source once the target, or the dead list, has it. A crash before
    that sends it again: the receiver knows it by its id.

    Args:
        target: Whom it serves.
        sender: Makes an attempt.
        patience: How hard it is tried.
        breaker: Opens where alert after alert fails.
        tally: Told what is done.
        clock: The time, ms since the epoch.
        monotonic: The breaker's clock, seconds.
    """

    def __init__(
        self,
        target: Target,
        sender: Sender,
        patience: Patience,
        breaker: Breaker,
        tally: Tally,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        self.target = target
        self._sender = sender
        self._patience = patience
        self._breaker = breaker
        self._tally = tally
        self._clock = clock
        self._monotonic = monotonic

    def step(self, source: Source, dead_list: DeadList) -> None:
        """Deal with the next alert, if there is one; or rest, while the breaker is open."""
        wait = self._breaker.wait(self._monotonic())
        if wait:
            source.rest(wait)
            return
        parcel = source.take()
        if parcel is None:
            return
        if not self.target.wants(parcel.alert):
            source.pass_over(parcel)
            return
        if self._is_dealt_with(parcel, source, dead_list):
            source.settle(parcel)

    def status(self) -> WebhookStatus:
        """How its target does; any thread may ask."""
        return WebhookStatus(
            name=self.target.name,
            host=self.target.host,
            rules=self.target.rules,
            breaker=self._breaker.state(self._monotonic()),
            delivered=self._tally.delivered,
            failed_attempts=self._tally.failed_attempts,
            dead=self._tally.dead,
            last_status=self._tally.last_status,
            last_at=self._tally.last_at,
        )

    def _is_dealt_with(self, parcel: Parcel, source: Source, dead_list: DeadList) -> bool:
        """Deliver it or put it on the dead list; False if the service stops before that."""
        age = self._clock() - parcel.alert.updated_at
        if age > self._patience.max_age_ms:
            detail = f"{age} ms old, over {self._patience.max_age_ms} ms"
            return self._bury(parcel, source, dead_list, "too_old", detail, 0, None)
        first_at = self._clock()
        attempt = 0
        while True:
            attempt += 1
            answer = self._sender.send(parcel)
            self._tally.attempted(answer, self._clock())
            if answer.reason is None:
                self._close()
                return True
            if not answer.again or attempt >= self._patience.attempts:
                break
            if not source.rest(self._patience.backoff.wait(attempt, answer.retry_after)):
                return False
        if not source.rest(0):
            return False  # what was cut short by a stop says nothing of the target
        if not self._bury(
            parcel, source, dead_list, answer.reason, answer.detail, attempt, first_at
        ):
            return False
        self._fail()
        return True

    def _bury(
        self,
        parcel: Parcel,
        source: Source,
        dead_list: DeadList,
        reason: Reason,
        detail: str,
        attempts: int,
        first_at: int | None,
    ) -> bool:
        """Put it on the dead list, however long that takes; False if the service stops."""
        undelivered = Undelivered(
            target=self.target.name,
            reason=reason,
            detail=detail,
            attempts=attempts,
            first_attempt_at=first_at,
            given_up_at=self._clock(),
            alert=parcel.alert,
        )
        is_known = False
        while True:
            try:
                dead_list.put(undelivered, parcel)
            except DeadListError as error:
                if not is_known:
                    log.warning("webhook %s: the dead list fails: %s", self.target.name, error)
                is_known = True
            else:
                self._tally.given_up(reason)
                return True
            if not source.rest(DEAD_LIST_SECONDS):
                return False

    def _close(self) -> None:
        if self._breaker.state(self._monotonic()) != "closed":
            log.info("webhook %s: delivers again", self.target.name)
        self._breaker.succeeded()

    def _fail(self) -> None:
        self._breaker.failed(self._monotonic())
        wait = self._breaker.wait(self._monotonic())
        if wait:
            log.warning("webhook %s: fails, nothing is sent for %.0f s", self.target.name, wait)
