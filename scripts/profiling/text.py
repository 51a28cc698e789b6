"""Text: the lines of NDJSON as the messages that they are, the rows of CSV as an upload's."""

from collections.abc import Iterable, Iterator

import numpy as np

from api.gateway import reasons
from api.gateway.csv_rows import csv_rows
from api.gateway.errors import BadBodyError
from api.gateway.lines import lines
from api.gateway.reasons import Fault
from scripts.profiling.piece import BYTES, NO_TRADES, ROWS, Piece, Reject, of_messages, to_json
from scripts.profiling.terms import ProfileError

_TOO_LARGE = reasons.TOO_LARGE


def of_ndjson(chunks: Iterable[bytes], part: int, latest_ms: int) -> Iterator[Piece]:
    """What the lines that are not blank hold, each as if it was the value of a Kafka record.

    So a line may hold several trades in an array, as a recorded topic does.

    Args:
        chunks: The bytes, cut anywhere.
        part: The number of the file.
        latest_ms: The latest timestamp that is not too far ahead.
    """
    gathered = _Gathered(part, latest_ms)
    for number, line in enumerate(lines(chunks)):
        if line is None:
            gathered.rejects.append(Reject(number, 0, _TOO_LARGE.reason, _TOO_LARGE.detail, b""))
        elif line and not line.isspace():
            gathered.add(line, number)
        if gathered.is_full:
            yield from gathered.pieces()
    yield from gathered.pieces()


def of_csv(chunks: Iterable[bytes], part: int, latest_ms: int) -> Iterator[Piece]:
    """What the rows under the header hold, which are counted from 0.

    Args:
        chunks: The bytes, cut anywhere; none are no rows.
        part: The number of the file.
        latest_ms: The latest timestamp that is not too far ahead.

    Raises:
        ProfileError: The header is not one of trades.
    """
    remaining = iter(chunks)
    first = next(remaining, b"")
    if not first:
        return
    gathered = _Gathered(part, latest_ms)

    def whole() -> Iterator[bytes]:
        yield first
        yield from remaining

    try:
        for number, row in enumerate(csv_rows(whole(), lambda: latest_ms)):
            if isinstance(row, Fault):
                gathered.rejects.append(Reject(number, 0, row.reason, row.detail, b""))
            else:
                gathered.add(to_json(row), number)
            if gathered.is_full:
                yield from gathered.pieces()
    except BadBodyError as error:
        raise ProfileError(str(error)) from error
    yield from gathered.pieces()


class _Gathered:
    """Rows that become a piece when there are enough of them."""

    def __init__(self, part: int, latest_ms: int) -> None:
        self._part, self._latest_ms = part, latest_ms
        self._begin()

    def _begin(self) -> None:
        self._messages: list[bytes | None] = []
        self._positions: list[int] = []
        self._bytes = 0
        self.rejects: list[Reject] = []

    @property
    def is_full(self) -> bool:
        return len(self._messages) + len(self.rejects) >= ROWS or self._bytes >= BYTES

    def add(self, message: bytes, position: int) -> None:
        """Takes in a message, and where it stands."""
        self._messages.append(message)
        self._positions.append(position)
        self._bytes += len(message)

    def pieces(self) -> Iterator[Piece]:
        """Those of what was gathered, which is gone then."""
        positions = np.array(self._positions, np.int64)
        times = np.full(positions.size, self._latest_ms)
        yield Piece(self._part, NO_TRADES, self.rejects, np.zeros(0, np.bool_))
        yield from of_messages(self._messages, positions, times, self._part, 0)
        self._begin()
