"""Dead letters: rejected records as the JSON that goes to their topic."""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs import fix, records, trades
from udfs.frames import Frame
from udfs.reasons import Field, Reason, texts
from udfs.scanner import MAX_RECORDS
from udfs.sources import Topics, named

_json = msgspec.json.Encoder()


class DeadLetter(msgspec.Struct, frozen=True, gc=False):
    """One rejected record, where it stood and why."""

    topic: str
    partition: int
    offset: int
    index: int
    """Position inside a message that holds several records. From MAX_RECORDS on it is no position,
    but a number that no other record of the message has."""
    reason: str
    detail: str
    payload: bytes
    """The record's own bytes (base64 in JSON)."""
    rejected_at: int
    """ms since epoch."""


def encode(
    rejects: Sequence[trades.Reject | fix.Reject],
    sources: NDArray[np.int32],
    offsets: NDArray[np.int64],
    topics: Topics,
    now_ms: int,
) -> list[bytes]:
    """The JSON of rejects; sources and offsets are those of the batch's messages, by row."""
    rows = [reject.row for reject in rejects]
    places = zip(sources[rows].tolist(), offsets[rows].tolist(), strict=True)
    letters = []
    for reject, (source, offset) in zip(rejects, places, strict=True):
        topic, partition = named(source, topics)
        code, sentence = reject.texts
        letter = DeadLetter(
            topic, partition, offset, reject.index, code, sentence, reject.payload, now_ms
        )
        letters.append(_json.encode(letter))
    return letters


def of_trades(
    frame: Frame,
    places: NDArray[np.intp],
    reason: Reason,
    topics: Topics,
    now_ms: int,
) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of letters of the trades of a frame at these places, rejected as a shard's.

    Their payload is made of what was read. The frame must be whole: a letter's ``index`` counts
    the trades that the shard got of the same message.
    """
    code, sentence = texts(reason, Field.SYMBOL)
    indexes = MAX_RECORDS * (1 + frame.shard) + _order_in_message(frame)
    stood = frame.trades[places][["source", "offset"]].tolist()
    for (source, offset), index, fields in zip(
        stood, indexes[places].tolist(), records.fields(frame, places), strict=True
    ):
        topic, partition = named(source, topics)
        payload = _json.encode(records.Trade(*fields))
        letter = DeadLetter(topic, partition, offset, index, code, sentence, payload, now_ms)
        yield topic.encode(), _json.encode(letter)


def _order_in_message(frame: Frame) -> NDArray[np.intp]:
    """(n,) how many trades of the same Kafka record come before each trade of a frame."""
    _, message, counts = np.unique(
        frame.trades[["source", "offset"]], return_inverse=True, return_counts=True
    )
    order = np.argsort(message, kind="stable")
    first = np.cumsum(counts) - counts
    found = np.empty(message.size, np.intp)
    found[order] = np.arange(message.size) - first[message[order]]
    return found
