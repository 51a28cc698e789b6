"""How busy a market is by the time of day: most when New York opens, least before Asia does."""

import math

import numpy as np

from scripts.generate.clock import EventTimes
from scripts.generate.market import Floats

DAY_MS = 86_400_000.0
PEAK_MS = 14.5 * 3_600_000  # UTC
WAVES = ((1, 0.5), (2, 0.15))
"""Waves a day, and how high: 1.65 of the mean at the peak, 0.61 at its other end."""
_STEPS = 1_440


def season(ms: Floats) -> Floats:
    """How busy it is at these times (ms since the epoch); 1 is the mean of a day."""
    angle = (ms - PEAK_MS) * (2 * math.pi / DAY_MS)
    busy: Floats = 1 + sum(height * np.cos(waves * angle) for waves, height in WAVES)
    return busy


def seasonal(start_ms: int, rate: float) -> EventTimes:
    """A clock on which trades come as :func:`season` says, ``rate`` a second in a day's mean.

    Args:
        start_ms: Event time of the first trade.
        rate: Trades per second.
    """
    # Of a day the trades until each minute, in ms of an even day; straight between them.
    edges = np.linspace(0, DAY_MS, _STEPS + 1)
    passed = np.concatenate([[0], season(edges[:-1] + DAY_MS / _STEPS / 2).cumsum()])
    passed *= DAY_MS / passed[-1]
    day, into = divmod(start_ms, DAY_MS)
    first = day * DAY_MS + np.interp(into, edges, passed)
    made = 0

    def event_times(count: int) -> Floats:
        nonlocal made
        even = first + np.arange(made, made + count) * (1_000 / rate)
        made += count
        days = np.floor(even / DAY_MS) * DAY_MS
        times: Floats = days + np.interp(even - days, passed, edges)
        return times

    return event_times
