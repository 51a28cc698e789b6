"""How long to wait before trying again."""

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double, each cut short at random (full jitter), so that many do not come at once.

    Attributes:
        first: The longest wait after the first failure, seconds.
        most: The longest of all, seconds.
        jitter: Gives a number from 0 to 1, each time another.
    """

    first: float
    most: float
    jitter: Callable[[], float] = random.random

    def wait(self, failures: int, asked: float | None = None) -> float:
        """Seconds to wait after so many failures in a row, 1 and up.

        Args:
            failures: How many there were.
            asked: What the other side asked for, seconds: no less is waited, up to ``most``.
        """
        # The exponent is bounded, or many failures would make a number that no float can be.
        longest = min(self.most, self.first * 2.0 ** min(failures - 1, 64))
        return max(longest * self.jitter(), min(asked or 0.0, self.most))
