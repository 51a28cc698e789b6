"""Trade ids of one symbol: which are new, which were there, and which are missing."""

from bisect import bisect_right
from operator import attrgetter
from typing import NamedTuple

MOST_IDS = 1_000_000
"""A longer gap is not filled: by then it is a matter of downloads, not of a live source."""
MOST_RANGES = 10_000
"""That are open at once."""
NONE = range(0)


class Taken(NamedTuple):
    """What came of an id.

    Attributes:
        is_new: It was not there before.
        has_filled: It was missing.
        gap: The ids between the newest before and this one.
        given_up: How many ids will not be waited for.
        has_restarted: The exchange has begun to count anew.
    """

    is_new: bool
    has_filled: bool = False
    gap: range = NONE
    given_up: int = 0
    has_restarted: bool = False


class Sequence:
    """Ids that follow one another without holes, in whatever order and however often they come.

    It remembers the newest and what is missing below it, so a copy is known however old it is, and
    memory does not grow with the trades.

    Args:
        last: The id after which it begins; whatever comes first, if not given.

    Attributes:
        last: The greatest id that was there; None before the first.
        missing: How many ids below it are waited for.
    """

    def __init__(self, last: int | None = None) -> None:
        self.last = last
        self.missing = 0
        self._newest_ms: int | None = None
        self._open: list[range] = []  # missing; in order, and none touches another

    def take(self, number: int, timestamp_ms: int) -> Taken:
        """Note an id that came, with the time of its trade, ms since the epoch."""
        if self.last is None or number > self.last:
            taken = self._advance(number)
        elif self._close(number):
            taken = Taken(True, has_filled=True)
        elif self._newest_ms is None or timestamp_ms <= self._newest_ms:
            return Taken(False)
        else:  # a copy is never newer than all that was there
            taken = Taken(True, given_up=self.missing, has_restarted=True)
            self.last, self.missing, self._open = number, 0, []
        self._newest_ms = max(self._newest_ms or timestamp_ms, timestamp_ms)
        return taken

    def first_missing(self, within: range) -> range | None:
        """The first ids in a row of these that are missing."""
        for each in self._open[max(self._place(within.start), 0) :][:2]:
            start, stop = max(each.start, within.start), min(each.stop, within.stop)
            if start < stop:
                return range(start, stop)
        return None

    def give_up(self, within: range) -> int:
        """Wait no longer for these; return how many of them were missing."""
        count = 0
        while missing := self.first_missing(within):
            self._remove(missing)
            count += len(missing)
        return count

    def _advance(self, number: int) -> Taken:
        gap = NONE if self.last is None else range(self.last + 1, number)
        self.last = number
        if not gap:
            return Taken(True)
        if len(gap) > MOST_IDS or len(self._open) >= MOST_RANGES:
            return Taken(True, gap=gap, given_up=len(gap))
        self._open.append(gap)
        self.missing += len(gap)
        return Taken(True, gap=gap)

    def _close(self, number: int) -> bool:
        place = self._place(number)
        if place < 0 or number not in self._open[place]:
            return False
        self._remove(range(number, number + 1))
        return True

    def _remove(self, ids: range) -> None:
        """All of them are in one open range."""
        place = self._place(ids.start)
        around = self._open[place]
        rest = (range(around.start, ids.start), range(ids.stop, around.stop))
        self._open[place : place + 1] = filter(len, rest)
        self.missing -= len(ids)

    def _place(self, number: int) -> int:
        return bisect_right(self._open, number, key=attrgetter("start")) - 1
