"""Where the event times of a feed come from."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

EventTimes = Callable[[int], NDArray[np.float64]]
"""The event times (ms) of the next so many trades, in ascending order."""


def steady(start_ms: int, rate: float) -> EventTimes:
    """Return a clock on which a trade happens every 1/rate seconds, from ``start_ms`` on."""
    made = 0

    def event_times(count: int) -> NDArray[np.float64]:
        nonlocal made
        times = start_ms + np.arange(made, made + count) * (1_000 / rate)
        made += count
        return times

    return event_times


def wall(now_s: Callable[[], float]) -> EventTimes:
    """Return a clock that spreads trades evenly between the last call and now.

    Args:
        now_s: Seconds since the epoch, as :func:`time.time`.
    """
    before = now_s()

    def event_times(count: int) -> NDArray[np.float64]:
        nonlocal before
        now = max(now_s(), before)
        times = np.linspace(before, now, count + 1)[1:] * 1_000
        before = now
        return times

    return event_times
