"""Outages: how long nothing came over a whole partition, in event time.

A gap is of one symbol, and may be a quiet market; where the partition was silent too, it is the
feed. Of each batch it is told in runs when there was something: from the first to the last of times
that are closer to each other than the least silence of interest. Runs merge, so what is left
between them does not depend on how the records came, or in which batches.
"""

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.messages import Messages
from udfs.sources import Topics, named
from udfs.windows import NEVER

Run = tuple[int, int, int]
"""Source (see ``udfs.sources``), and the first and last time, ms since epoch."""


class Outage(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="outage"):
    """Nothing of any symbol came over a partition for too long."""

    symbol: str
    """Empty: of none."""
    timestamp: int
    """When it was over, ms since epoch."""
    start: int
    """The last time before."""
    end: int
    length: int
    """ms."""
    threshold: int
    """The longest of the settings' lengths that it reached."""
    topic: str
    partition: int
    updated_at: int


_json = msgspec.json.Encoder()


def runs(sources: NDArray[np.int32], times: NDArray[np.int64], least_ms: int) -> list[Run]:
    """The runs of some times, (n,), by their sources; silences are of ``least_ms`` or more."""
    found: list[Run] = []
    if not times.size:
        return found
    least = int(sources.min())
    own = [least] if least == sources.max() else np.unique(sources).tolist()
    for source in own:
        of_source = times if len(own) == 1 else times[sources == source]
        spans = np.empty((of_source.size, 2), np.int64)
        count = _runs(np.ascontiguousarray(of_source), least_ms, spans)
        merged = _merged(list(map(tuple, spans[:count].tolist())), least_ms)
        found += [(source, first, last) for first, last in merged]
    return found


@njit(cache=True)
def _runs(times, least_ms, spans):  # type: ignore[no-untyped-def]
    """Runs as they come, which may overlap; returns how many."""
    count = 0
    first = last = times[0]
    for i in range(1, times.size):
        time = times[i]
        if first - least_ms < time < last + least_ms:
            first, last = min(first, time), max(last, time)
        else:
            spans[count, 0], spans[count, 1] = first, last
            count += 1
            first = last = time
    spans[count, 0], spans[count, 1] = first, last
    return count + 1


class Outages:
    """When there was something of each partition, as far as silences are still to be told.

    Args:
        lengths_ms: From which length on a silence is told, ascending; with none, none is.
        held: What ``held`` gave.
    """

    def __init__(self, lengths_ms: tuple[int, ...], held: Iterable[Run] = ()) -> None:
        self._lengths_ms = lengths_ms
        self._runs: dict[int, list[tuple[int, int]]] = {}
        """By source, the first of which nothing before it is to be told; apart from each other."""
        self.take(held)

    @property
    def held(self) -> list[Run]:
        """All of it."""
        return [(source, *run) for source, own in self._runs.items() for run in own]

    @property
    def next_end(self) -> int:
        """When event time is past the end of a silence, ms; NEVER if none has ended."""
        ends = [own[1][0] + 1 for own in self._runs.values() if len(own) > 1]
        return min(ends, default=int(NEVER))

    def take(self, runs: Iterable[Run], passed_ms: int = 0) -> None:
        """Takes in when there was something.

        What event time, ``passed_ms``, has passed, and is before all that is known, comes too late.
        """
        if not self._lengths_ms:
            return
        least_ms = self._lengths_ms[0]
        for source, new in groupby(sorted(runs), itemgetter(0)):
            own = self._runs.get(source, [])
            least = min(passed_ms, own[0][0] - least_ms + 1) if own else 0
            more = [(first, last) for _, first, last in new if last >= least]
            self._runs[source] = _merged(own + more, least_ms)

    def read(self, passed_ms: int) -> list[Run]:
        """The silences that ended before a time: their source, start and end."""
        found = []
        for source, own in self._runs.items():
            while len(own) > 1 and own[1][0] < passed_ms:
                found.append((source, own[0][1], own[1][0]))
                del own[0]
        return found

    def messages(self, silences: Iterable[Run], topics: Topics, now_ms: int | None) -> Messages:
        """The message of each, updated now; at its end if that is None."""
        made = []
        for source, start, end in silences:
            topic, partition = named(source, topics)
            length = end - start
            threshold = max(each for each in self._lengths_ms if each <= length)
            outage = Outage(
                *("", end, start, end, length, threshold, topic, partition),
                end if now_ms is None else now_ms,
            )
            made.append((f"{topic}/{partition}".encode(), _json.encode(outage)))
        return Messages.of(made)


def _merged(runs: list[tuple[int, int]], least_ms: int) -> list[tuple[int, int]]:
    runs.sort()
    merged = runs[:1]
    for first, last in runs[1:]:
        before = merged[-1]
        if first - before[1] < least_ms:
            merged[-1] = before[0], max(before[1], last)
        else:
            merged.append((first, last))
    return merged


def warm_up() -> None:
    """Compiles the kernel, or loads it from numba's cache."""
    runs(np.zeros(1, np.int32), np.zeros(1, np.int64), 1)
