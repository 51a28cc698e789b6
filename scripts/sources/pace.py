"""Event time that passes as fast as it is asked to."""

import time
from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import TypeVar

BEHIND_S = 1.0
"""Further behind than this a source does not hold its pace."""
CATCH_UP_S = 5.0
"""What is lost beyond this is not made up for: a machine that slept goes on, it does not race."""
T = TypeVar("T")


class Pace:
    """Waits until event times are due.

    Args:
        speed: Seconds of event time in a second; 0 is as fast as can be.
        stop: Ends the waiting.
        monotonic: Seconds, as :func:`time.monotonic`.

    Attributes:
        behind_s: How late the last event time was.
    """

    def __init__(
        self, speed: float, stop: Event, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._speed = speed
        self._stop = stop
        self._monotonic = monotonic
        self._due: float | None = None  # when event time was at ``_at_ms``
        self._at_ms = 0.0
        self._passed_s = 0.0
        self._since = monotonic()
        self.behind_s = 0.0

    def wait(self, event_ms: float) -> bool:
        """Wait until an event time is due, and return True; or False, when it is to stop.

        Event times that go back are due at once.
        """
        if self._stop.is_set() or not self._speed:
            return not self._stop.is_set()
        now = self._monotonic()
        if self._due is None:
            self._due, self._at_ms, self._since = now, event_ms, now
        step_s = max(event_ms - self._at_ms, 0.0) / 1_000
        self._at_ms = max(event_ms, self._at_ms)
        self._passed_s += step_s
        self._due += step_s / self._speed
        if self._due > now:
            self.behind_s = 0.0
            return not self._stop.wait(self._due - now)
        self.behind_s = now - self._due
        self._due = max(self._due, now - CATCH_UP_S)
        return True

    @property
    def held(self) -> float | None:
        """The share of the pace that was held since the first event time; None if none was asked.

        Seconds of event time over those that should have passed until now.
        """
        asked = (self._monotonic() - self._since) * self._speed
        return self._passed_s / asked if asked and self._due is not None else None

    def trouble(self) -> str | None:
        """What is to be said of it, if it is not held."""
        if self.behind_s <= BEHIND_S:
            return None
        return f"cannot hold {self._speed:g} times: {self.behind_s:.1f} s behind"


def every(made: Iterable[T], pace: Pace, period_ms: float) -> Iterator[T]:
    """Yield one after the other, a period apart, until there are no more or it is to stop.

    One is made only when it is due, so that a clock stamps it with the time it is sent.
    """
    if not pace.wait(period_ms):
        return
    for number, one in enumerate(made, 2):
        yield one
        if not pace.wait(number * period_ms):
            return


def due(made: Iterable[T], pace: Pace, when_ms: Callable[[T], float]) -> Iterator[T]:
    """Yield one after the other, each when it is due, until there are no more or it is to stop.

    Args:
        made: In ascending order.
        pace: How fast.
        when_ms: When one is due, in event time.
    """
    for one in made:
        if not pace.wait(when_ms(one)):
            return
        yield one
