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
    """The runs of some times, (n,), in their order; silences are of ``least_ms`` or more."""
    spans = np.empty((2 * times.size, 3), np.int64)
    return _merged(spans[: _runs(sources, times, least_ms, spans)], least_ms)


def _merged(runs: NDArray[np.int64], least_ms: int) -> list[Run]:
    """The runs, (n, 3), in their order, those that are closer than ``least_ms`` as one."""
    ordered = runs[np.lexsort((runs[:, 1], runs[:, 0]))]
    merged = ordered[: _merge(ordered, least_ms)]
    return list(map(tuple, merged.tolist()))


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
        if time <= running[k, 1] - least_ms:
            # It comes late, and the run goes on behind it.
            spans[count, 0], spans[count, 1], spans[count, 2] = source, time, time
            count += 1
        elif time < running[k, 2] + least_ms:
            running[k, 1] = min(running[k, 1], time)
            running[k, 2] = max(running[k, 2], time)
        else:
            spans[count] = running[k]
            count += 1
            running[k, 1] = running[k, 2] = time
    spans[count : count + known] = running[:known]
    return count + known


@njit(cache=True)
def _merge(runs, least_ms):  # type: ignore[no-untyped-def]
    """Merges runs that are in order, in their place; returns how many are left."""
    count = 0
    for i in range(len(runs)):
        source, first, last = runs[i]
        if count and runs[count - 1, 0] == source and first - runs[count - 1, 2] < least_ms:
            runs[count - 1, 2] = max(runs[count - 1, 2], last)
        else:
            runs[count, 0], runs[count, 1], runs[count, 2] = source, first, last
            count += 1
    return count


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
            known = [(source, *run) for run in own] + [run for run in new if run[2] >= least]
            merged = _merged(np.array(known, np.int64).reshape(-1, 3), least_ms)
            self._runs[source] = [(first, last) for _, first, last in merged]

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


def warm_up() -> None:
    """Compiles the kernel, or loads it from numba's cache."""
    # To numba a column of some rows is of another type than an array, or a column of one row.
    for rows in np.zeros(1, TRADE), np.zeros(2, TRADE):
        runs(rows["source"], rows["timestamp"], 1)
