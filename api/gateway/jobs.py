"""The uploads of this instance, the newest of them."""

import threading
from collections.abc import Callable

from api.gateway.errors import TooManyUploadsError, UnknownJobError
from api.gateway.job import Job

RETRY_SECONDS = 5


class Jobs:
    """Keeps jobs within two bounds.

    Args:
        kept: How many are kept; the oldest that has ended goes.
        at_once: How many may be under way.
        clock: The time, ms since the epoch.
    """

    def __init__(self, kept: int, at_once: int, clock: Callable[[], int]) -> None:
        self._kept = kept
        self._at_once = at_once
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def open(self) -> Job:
        """A new job.

        Raises:
            TooManyUploadsError: As many as there may be are under way.
        """
        with self._lock:
            ended = [job for job in self._jobs.values() if job.has_ended]
            if len(self._jobs) - len(ended) >= self._at_once:
                raise TooManyUploadsError(
                    f"expected at most {self._at_once} uploads at once",
                    headers={"Retry-After": str(RETRY_SECONDS)},
                )
            for job in ended[: max(0, len(self._jobs) + 1 - self._kept)]:
                del self._jobs[job.id]
            job = Job(self._clock)
            self._jobs[job.id] = job
            return job

    def newest(self) -> list[Job]:
        """All that are kept, newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def of(self, job_id: str) -> Job:
        """The job of an id.

        Raises:
            UnknownJobError: There is none, or it is not kept any more.
        """
        with self._lock:
            try:
                return self._jobs[job_id]
            except KeyError:
                known = tuple(reversed(self._jobs))[:20]
        raise UnknownJobError(f"there is no job {job_id!r} in this instance", known)
