"""Dead letters: rejected records as the JSON that goes to their topic."""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs import fix, frames, records, trades
from udfs.frames import Frame
from udfs.order_frames import OrderFrame
from udfs.reasons import Field, Reason, texts
from udfs.scanner import BUY, MAX_RECORDS
from udfs.shards import CELLS
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
    rejected: NDArray[np.bool_],
    reason: Reason,
    topics: Topics,
    now_ms: int,
) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of letters of those trades of a frame, (n,), that a shard rejects.

    Their payload is made of what was read. The frame must be whole: a letter's ``index`` counts
    the trades that the shard got of the same message.
    """
    code, sentence = texts(reason, Field.SYMBOL)
    indexes = MAX_RECORDS * (1 + frame.shard) + _order_in_message(frame.trades)
    own = frames.take(frame, rejected)
    stood = own.trades[["source", "offset"]].tolist()
    for (source, offset), index, fields in zip(
        stood, indexes[rejected].tolist(), records.fields(own), strict=True
    ):
        topic, partition = named(source, topics)
        payload = _json.encode(records.Trade(*fields))
        letter = DeadLetter(topic, partition, offset, index, code, sentence, payload, now_ms)
        yield topic.encode(), _json.encode(letter)


class _Order(msgspec.Struct, frozen=True, gc=False):
    """What was read of an order."""

    symbol: str
    side: str
    price: float | None
    quantity: float | None
    timestamp: int


def of_orders(
    frame: OrderFrame, places: NDArray[np.intp], topics: Topics, now_ms: int
) -> Iterator[tuple[bytes, bytes]]:
    """As ``of_trades``, of the events of orders, for which there were too many symbols."""
    code, sentence = texts(Reason.TOO_MANY_SYMBOLS, Field.SYMBOL)
    # Trades of the same message have the numbers before these.
    indexes = MAX_RECORDS * (2 + CELLS + frame.shard) + _order_in_message(frame.events)
    for place, index in zip(places.tolist(), indexes[places].tolist(), strict=True):
        event = frame.events[place]
        topic, partition = named(int(event["source"]), topics)
        order = _Order(
            frame.symbols[event["symbol"]],
            "buy" if event["side"] == BUY else "sell",
            float(event["price"]) or None,
            float(event["quantity"]) or None,
            int(event["time"]),
        )
        payload, offset = _json.encode(order), int(event["offset"])
        letter = DeadLetter(topic, partition, offset, index, code, sentence, payload, now_ms)
        yield topic.encode(), _json.encode(letter)


def _order_in_message(rows: NDArray[np.void]) -> NDArray[np.intp]:
    """(n,) how many rows of the same Kafka record come before each of some."""
    _, message, counts = np.unique(
        rows[["source", "offset"]], return_inverse=True, return_counts=True
    )
    order = np.argsort(message, kind="stable")
    first = np.cumsum(counts) - counts
    found = np.empty(message.size, np.intp)
    found[order] = np.arange(message.size) - first[message[order]]
    return found
