"""Files of trades in every form, and what is read of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from scripts.files.inputs import opened
from scripts.files.integer_file import Scale
from scripts.files.merge import Run, Start, merged
from scripts.files.rows import Batch, Rows, objects

LATEST_MS = 1_800_000_000_000
NOON = 1_767_268_800_000
SYMBOLS = ("AAPL", "BTC/USD")

Sent = tuple[bytes, bytes, int]


def file_of(path: Path) -> Rows:
    return opened(path, Scale(SYMBOLS, 2, 3), LATEST_MS)


def values_of(path: Path, first: int = 0, batch_rows: int = 1_000) -> list[bytes]:
    return [v for batch in file_of(path).read(first, batch_rows) for v in batch.values]


def objects_of(path: Path) -> list[object]:
    return [msgspec.json.decode(value) for value in values_of(path)]


class Listed:
    """Rows that a test gives: event times, and which row it is as the value."""

    def __init__(self, name: str, times: Sequence[int], key: bytes = b"A") -> None:
        self.times, self._name, self._key = list(times), name, key

    def read(self, first: int, batch_rows: int) -> Iterator[Batch]:
        for begin in range(first, len(self.times), batch_rows):
            times = self.times[begin : begin + batch_rows]
            rows = range(begin, begin + len(times))
            yield Batch(
                np.array(times, np.int64),
                objects([self._key] * len(times)),
                objects([f"{self._name}{row}".encode() for row in rows]),
                np.zeros(len(times), np.bool_),
            )


def merge(files: Sequence[Rows], starts: Sequence[Start] | None = None) -> list[Run]:
    return list(merged(files, starts or [Start()] * len(files)))


def sent(runs: Sequence[Run]) -> list[bytes]:
    return [value for run in runs for value in run.values]
