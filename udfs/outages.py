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
from udfs.trades import TRADE
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
    spans = np.empty((2 * times.size, 3), np.int64)
    count = _runs(sources, times, least_ms, spans)
    found: list[Run] = []
    for source, own in groupby(sorted(map(tuple, spans[:count].tolist())), itemgetter(0)):
        merged = _merged([(first, last) for _, first, last in own], least_ms)
        found += [(source, first, last) for first, last in merged]
    return found


@njit(cache=True)
def _runs(sources, times, least_ms, spans):  # type: ignore[no-untyped-def]
    """Source, first and last of runs as they come, which may overlap; returns how many."""
    # Of each source that has come, the run that goes on.
    running = np.empty((times.size, 3), np.int64)
    count = known = k = 0
    for i in range(times.size):
        source, time = sources[i], times[i]
        if known == 0 or running[k, 0] != source:
            k = 0
            while k < known and running[k, 0] != source:
                k += 1
            if k == known:
                running[k, 0], running[k, 1], running[k, 2] = source, time, time
                known += 1
        if running[k, 1] - least_ms < time < running[k, 2] + least_ms:
            running[k, 1] = min(running[k, 1], time)
            running[k, 2] = max(running[k, 2], time)
        else:
            spans[count] = running[k]
            count += 1
            running[k, 1] = running[k, 2] = time
    spans[count : count + known] = running[:known]
    return count + known


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
    # To numba a column of some rows is of another type than an array, or a column of one row.
    for rows in np.zeros(1, TRADE), np.zeros(2, TRADE):
        runs(rows["source"], rows["timestamp"], 1)
