"""Dead letters: rejected records as the JSON that goes to their topic."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs.reasons import detail
from udfs.trades import Reject

PARTITIONS_PER_TOPIC = 1 << 16
"""A source is a topic's index times this, plus the partition."""


class DeadLetter(msgspec.Struct, frozen=True):
    """One rejected record, where it stood and why."""

    topic: str
    partition: int
    offset: int
    index: int
    """Position inside a message that holds several records."""
    reason: str
    detail: str
    payload: bytes
    """The record's own bytes (base64 in JSON)."""
    rejected_at: int
    """ms since epoch."""


def encode(
    rejects: list[Reject],
    sources: NDArray[np.int32],
    offsets: NDArray[np.int64],
    topics: tuple[str, ...],
    now_ms: int,
) -> list[bytes]:
    """The JSON of rejects; sources and offsets are those of the batch's messages, by row."""
    letters = []
    for reject in rejects:
        topic, partition = divmod(int(sources[reject.row]), PARTITIONS_PER_TOPIC)
        letters.append(
            msgspec.json.encode(
                DeadLetter(
                    topics[topic],
                    partition,
                    int(offsets[reject.row]),
                    reject.index,
                    reject.reason.code,
                    detail(reject.reason, reject.field),
                    reject.payload,
                    now_ms,
                )
            )
        )
    return letters
