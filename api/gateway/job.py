"""One upload: how far it is, and what became of its rows."""

import secrets
import threading
from collections import Counter
from collections.abc import Callable
from typing import Literal

import msgspec

from api.gateway.form import Form
from api.gateway.publisher import PublishError
from api.gateway.reasons import Fault, Reason

REJECTS_KEPT = 100
SILENCE_MS = 2_000  # from here on a broker that acknowledges nothing counts as waited for

State = Literal["receiving", "publishing", "done", "failed", "aborted"]


class RejectedRow(msgspec.Struct, frozen=True):
    """A row that is no trade; rows count from 1, the header of CSV is none."""

    row: int
    reason: Reason
    detail: str


class JobReport(msgspec.Struct, frozen=True):
    """How an upload stands.

    ``rows`` is what was read: published, rejected, filtered and in flight add up to it. Once the
    job has ended, ``in_flight`` are rows that the broker did not acknowledge: they may be on Kafka,
    or not. Times are ms since the epoch, None before they come.
    """

    id: str
    state: State
    form: Form | None
    bytes: int
    rows: int
    published: int
    rejected: int
    filtered: int
    in_flight: int
    waiting: str
    error: str
    reasons: dict[str, int]
    rejects: list[RejectedRow]
    created_at: int
    received_at: int | None
    ended_at: int | None


class Job:
    """Counts of one upload; written by its threads, read by any.

    Args:
        clock: The time, ms since the epoch.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self.id = secrets.token_hex(8)
        self.form: Form | None = None
        self.bytes = 0
        self.filtered = 0
        self._clock = clock
        self._lock = threading.Condition()
        self._rows = 0
        self._rejected = 0
        self._published = 0
        self._handed_over = 0  # rows given to the publisher
        self._settled = 0  # of those, rows that it is done with
        self._heard_at = 0  # when the publisher last was done with some, or got some while idle
        self._reasons: Counter[str] = Counter()
        self._rejects: list[RejectedRow] = []
        self._error = ""
        self._failure: PublishError | None = None
        self._created_at = clock()
        self._received_at: int | None = None
        self._ended: tuple[State, int] | None = None

    @property
    def rows(self) -> int:
        """Rows read."""
        return self._rows

    @property
    def failure(self) -> PublishError | None:
        """Why rows were not published, if some were not."""
        return self._failure

    @property
    def has_ended(self) -> bool:
        """Whether nothing changes any more."""
        return self._ended is not None

    def read(self) -> None:
        """A row was read."""
        self._rows += 1

    def reject(self, fault: Fault) -> None:
        """The row that was read last is no trade."""
        self._rejected += 1
        self._reasons[fault.reason] += 1
        if len(self._rejects) < REJECTS_KEPT:
            self._rejects.append(RejectedRow(self._rows, fault.reason, fault.detail))

    def hand_over(self, count: int) -> None:
        """So many rows go to the publisher."""
        with self._lock:
            if self._handed_over == self._settled:
                self._heard_at = self._clock()
            self._handed_over += count

    def settle(self, handed_over: int, acknowledged: int, failure: PublishError | None) -> None:
        """The publisher is done with so many rows, of which the broker has some."""
        with self._lock:
            self._settled += handed_over
            self._published += acknowledged
            self._failure = self._failure or failure
            self._heard_at = self._clock()
            self._lock.notify_all()

    def wait_until_settled(self) -> None:
        """Wait until the publisher is done with all rows, which it is within its bound."""
        with self._lock:
            self._lock.wait_for(lambda: self._settled == self._handed_over)

    def received(self) -> None:
        """The body is whole."""
        self._received_at = self._clock()

    def end(self, state: State, error: str = "") -> None:
        """Nothing changes any more."""
        self._error = error
        self._ended = state, self._clock()

    def report(self) -> JobReport:
        """How it stands now."""
        with self._lock:
            ended = self._ended
            state: State = "receiving" if self._received_at is None else "publishing"
            published, rejected, filtered = self._published, self._rejected, self.filtered
            silent = self._clock() - self._heard_at
            is_waiting = not ended and self._handed_over > self._settled and silent > SILENCE_MS
            return JobReport(
                id=self.id,
                state=ended[0] if ended else state,
                form=self.form,
                bytes=self.bytes,
                rows=self._rows,
                published=published,
                rejected=rejected,
                filtered=filtered,
                in_flight=self._rows - published - rejected - filtered,
                waiting=f"the broker has acknowledged nothing for {silent} ms"
                if is_waiting
                else "",
                error=self._error,
                reasons=dict(self._reasons.most_common()),
                rejects=list(self._rejects),
                created_at=self._created_at,
                received_at=self._received_at,
                ended_at=ended[1] if ended else None,
            )
