"""What is sent at once, and the messages it is sent in."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from scripts.files.merge import Run
from scripts.sources.record import Record

BLOCK_ROWS = 10_000
SPAN_MS = 1_000
"""Of event time that a message may hold: its oldest trade must not be late because of it."""
MESSAGE_BYTES = 512 << 10
"""With more, none is put beside others; a broker takes 1 MiB."""


def blocks(runs: Iterable[Run], span_ms: float = 0) -> Iterator[Run]:
    """Cut runs anew, however they were cut.

    Args:
        runs: What is to be sent.
        span_ms: The most event time in a block; 0 is any.
    """
    for run in _of_size(runs):
        ends = np.flatnonzero(np.diff(run.order // span_ms)) + 1 if span_ms else ()
        edges = [0, *ends, len(run)]
        for first, last in pairwise(edges):
            yield run[first:last]


def records(run: Run, packed: int, separator: bytes) -> list[Record]:
    """Put rows into messages of a symbol, of at most ``packed`` rows and a second of event time.

    Those of a symbol stay in their order.

    Args:
        run: The rows.
        packed: How many may be in one.
        separator: What stands between two.
    """
    keys, values, times = run.keys.tolist(), run.values.tolist(), np.maximum(run.times, 0).tolist()
    if packed == 1:
        return list(map(Record, keys, values, times))
    made: list[Record] = []
    together: dict[bytes, list[tuple[bytes, int]]] = {}
    sizes: dict[bytes, int] = {}

    def close(key: bytes) -> None:
        rows = together.pop(key)
        value = separator.join([value for value, _ in rows])
        made.append(Record(key, value, max(ms for _, ms in rows), len(rows)))

    spans = (run.order // SPAN_MS).tolist()
    current = spans[0] if spans else 0
    for key, value, ms, span, apart in zip(
        keys, values, times, spans, run.apart.tolist(), strict=True
    ):
        if span != current:
            current = span
            for each in list(together):
                close(each)
        if apart:
            made.append(Record(key, value, ms))
            continue
        rows = together.setdefault(key, [])
        size = sizes[key] = (sizes[key] if rows else 0) + len(value)
        rows.append((value, ms))
        if len(rows) == packed or size >= MESSAGE_BYTES:
            close(key)
    for each in list(together):
        close(each)
    return made


def _of_size(runs: Iterable[Run]) -> Iterator[Run]:
    held: list[Run] = []
    count = 0
    for run in runs:
        held.append(run)
        count += len(run)
        if count >= BLOCK_ROWS:
            whole = Run.joined(held)
            last = count - count % BLOCK_ROWS
            for first in range(0, last, BLOCK_ROWS):
                yield whole[first : first + BLOCK_ROWS]
            held, count = [whole[last:]], count - last
    if count:
        yield Run.joined(held)
