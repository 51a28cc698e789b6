"""Dead letters: rejected records as the JSON that goes to their topic."""

from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs.reasons import Field, Reason, detail
from udfs.sources import named
from udfs.trades import Reject

_json = msgspec.json.Encoder()


@cache
def _texts(reason: Reason, field: Field) -> tuple[str, str]:
    return reason.code, detail(reason, field)


class DeadLetter(msgspec.Struct, frozen=True, gc=False):
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
    rows = [reject.row for reject in rejects]
    places = zip(sources[rows].tolist(), offsets[rows].tolist(), strict=True)
    letters = []
    for reject, (source, offset) in zip(rejects, places, strict=True):
        topic, partition = named(source, topics)
        code, sentence = _texts(reject.reason, reject.field)
        letter = DeadLetter(
            topic, partition, offset, reject.index, code, sentence, reject.payload, now_ms
        )
        letters.append(_json.encode(letter))
    return letters
