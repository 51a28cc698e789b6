"""When the feed was silent."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

from api.records import Outage


class Silence:
    """The times of some outages, of whichever partition."""

    def __init__(self, outages: Iterable[Outage]) -> None:
        spans = sorted((each.start, each.end) for each in outages)
        self._starts = [start for start, _ in spans]
        self._ends = list(accumulate((end for _, end in spans), max))

    def overlaps(self, start: int, end: int) -> bool:
        """Whether there was an outage within ``[start, end)``, ms."""
        begun = bisect_left(self._starts, end)
        return begun > 0 and self._ends[begun - 1] > start
