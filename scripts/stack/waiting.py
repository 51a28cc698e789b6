"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable

from scripts.stack.errors import WaitTimeoutError


def wait_until(
    condition: Callable[[], bool], what: str, timeout: float = 60, pause: float = 0.1
) -> None:
    """Return as soon as ``condition`` holds.

    Args:
        condition: Asked again and again; what it raises ends the wait.
        what: Completes the sentence "waited 60 s for ...".
        timeout: Seconds until the wait is given up.
        pause: Seconds between two questions.

    Raises:
        WaitTimeoutError: It did not hold in time.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise WaitTimeoutError(f"waited {timeout:.0f} s for {what}")
        time.sleep(pause)
