"""A circuit breaker: what fails again and again is left in peace for a while."""

from dataclasses import dataclass
from typing import Literal

State = Literal["closed", "open", "half_open"]


@dataclass(slots=True)
class Breaker:
    """Closed while all is well, open after too many failures in a row, then half open: one decides.

    Moments are seconds of one clock that never goes back.

    Attributes:
        failures: In a row, that open it.
        pause: How long it is open the first time, seconds; doubles each time it opens again before
            anything succeeded.
        most: The longest that it is open, seconds.
    """

    failures: int
    pause: float
    most: float
    _failed: int = 0
    _opened: int = 0
    _until: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until something may be tried; 0 is now."""
        return max(0.0, self._until - now) if self._opened else 0.0

    def state(self, now: float) -> State:
        """Closed, open, or half open: open no longer, and nothing has been tried since."""
        if not self._opened:
            return "closed"
        return "open" if self.wait(now) else "half_open"

    def succeeded(self) -> None:
        """Something succeeded: it closes, and all is forgotten."""
        self._failed = self._opened = 0

    def failed(self, now: float) -> None:
        """Something failed."""
        self._failed += 1
        if self._opened or self._failed >= self.failures:
            # The exponent is bounded, or many failures would make a number that no float can be.
            self._until = now + min(self.most, self.pause * 2.0 ** min(self._opened, 64))
            self._opened += 1
