"""A piece of an input: what some of its rows hold, as the pipeline would judge them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from udfs import decoding
from udfs.decoding import Records
from udfs.trades import TRADE, Batch

ROWS = 50_000
"""So many rows, about, are a piece."""
BYTES = 32 << 20
"""Or so many bytes of messages."""
NO_TRADES = Batch(np.zeros(0, TRADE), [], [], np.zeros(0, np.uint8))
to_json = msgspec.json.Encoder().encode


class Reject(NamedTuple):
    """A row that is no trade, and where it stands."""

    position: int
    """Its number in its file, from 0; or the offset of its Kafka record."""
    index: int  # type: ignore[assignment]  # it hides a method of tuples that nobody asks for
    """Which one of those packed at that position."""
    reason: str
    detail: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """What some rows of one part hold: a part is a file, or a partition."""

    part: int
    batch: Batch
    rejects: list[Reject]
    crossed: NDArray[np.bool_]
    """(n,) which of the trades are stamped later than their Kafka record."""
    read: float = 0.0
    """By how much the input has been read further, of ``Input.total``."""


class Input(Protocol):
    """What is profiled."""

    @property
    def name(self) -> str:
        """As people call it."""

    @property
    def is_topic(self) -> bool:
        """Whether its rows have a clock of Kafka's beside their own."""

    @property
    def parts(self) -> dict[int, str]:
        """The names of its parts, by their numbers."""

    @property
    def total(self) -> float:
        """How much there is to read."""

    def pieces(self) -> Iterator[Piece]:
        """All of it; the rows of a part in their order.

        Raises:
            ProfileError: It cannot be read.
        """


def of_messages(
    messages: list[bytes | None],
    positions: NDArray[np.int64],
    times_ms: NDArray[np.int64],
    part: int,
    max_ahead_ms: int,
    read: float = 0.0,
) -> Iterator[Piece]:
    """The pieces of n messages, taken apart and judged as the job's decode does.

    Args:
        messages: Trades in JSON, one or several in each; or FIX, by the number of the part.
        positions: (n,) where they stand.
        times_ms: (n,) the times of the Kafka records.
        part: The source of all of them: see ``udfs.sources``.
        max_ahead_ms: How far a trade's time may be ahead of these.
        read: As in ``Piece``, of all of them.
    """
    sources = np.full(len(messages), part, np.int32)
    records = Records(pa.array(messages, pa.binary()), times_ms, sources, positions)
    decoded = decoding.decode(records, max_ahead_ms)
    rejects = [
        Reject(int(of.offsets[each.row]), each.index, *some.texts(each), each.payload)
        for some, of in decoded.rejects
        for each in some
    ]
    yield Piece(part, NO_TRADES, rejects, np.zeros(0, np.bool_), read)
    for batch in decoded.batches:
        crossed = batch.trades["timestamp"] > times_ms[batch.trades["row"]]
        yield Piece(part, batch, [], crossed)
