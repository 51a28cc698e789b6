"""Dead letters: rejected records as the JSON that goes to their topic."""

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs import frames, records
from udfs.codes import distinct
from udfs.frames import Frame
from udfs.messages import Messages
from udfs.order_frames import OrderFrame
from udfs.reasons import Field, Reason, texts
from udfs.rejects import END, INDEX, START, Rejects
from udfs.scanner import BUY, MAX_RECORDS
from udfs.shards import CELLS
from udfs.sources import Topics, named
from udfs.texts import Texts
from udfs.trades import unread
from udfs.words import pointer, prefetch
from udfs.writing import MOST_BYTES, put_integer, put_text

_json = msgspec.json.Encoder()

_BASE64 = np.frombuffer(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", np.uint8
)
_PADDING = np.uint8(ord("="))
_AHEAD, _CACHE_LINE = 6, 64


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
    rejects: Rejects,
    sources: NDArray[np.int32],
    offsets: NDArray[np.int64],
    topics: Topics,
    now_ms: int,
) -> Messages:
    """The letters of rejects; sources and offsets are those of the batch's messages, by row."""
    places, head, _ = distinct(sources[rejects.rows])
    kinds, kind = rejects.kinds()
    stood = [named(source, topics) for source in places.tolist()]
    heads = [_head(*each) for each in stood]
    whys = [_why(*rejects.texts(rejects[i])) for i in kinds.tolist()]
    tail = b'","rejected_at":%d}' % now_ms
    said = Texts.of([b',"index":', tail, *heads, *whys])
    longest = max(map(len, heads)) + max(map(len, whys)) + len(said.data) + 2 * MOST_BYTES
    sizes = rejects.found[:, END] - rejects.found[:, START]
    out = np.empty(len(rejects) * longest + int(((sizes + 2) // 3).sum()) * 4, np.uint8)
    stops = np.zeros(len(rejects) + 1, np.int64)
    _write(
        *(rejects.data, rejects.found, offsets[rejects.rows], said.data, said.ends),
        *(2 + head, 2 + len(heads) + kind, out, stops),
    )
    keys = Texts.of([topic.encode() for topic, _ in stood])
    return Messages(keys, head, Texts(out, stops))


def _head(topic: str, partition: int) -> bytes:
    return b'{"topic":%b,"partition":%d,"offset":' % (_json.encode(topic), partition)


def _why(code: str, sentence: str) -> bytes:
    texts = _json.encode(code), _json.encode(sentence)
    return b',"reason":%b,"detail":%b,"payload":"' % texts


@njit(cache=True)
def _write(data, found, offsets, texts, ends, head, why, out, stops):  # type: ignore[no-untyped-def]
    """Writes letters as ``DeadLetter`` is encoded; ``head`` and ``why`` count the texts."""
    data, texts, ends, out = pointer(data), pointer(texts), pointer(ends), pointer(out)
    at = 0
    for i in range(found.shape[0]):
        # Rejects lie far apart in the batch, where no processor expects them.
        coming = found[min(i + _AHEAD, found.shape[0] - 1), START]
        prefetch(data, coming)
        prefetch(data, coming + _CACHE_LINE)
        at = put_text(texts, ends, head[i], out, at)
        at = put_integer(offsets[i], out, at)
        at = put_text(texts, ends, 0, out, at)
        at = put_integer(found[i, INDEX], out, at)
        at = put_text(texts, ends, why[i], out, at)
        at = _put_base64(data, found[i, START], found[i, END], out, at)
        at = put_text(texts, ends, 1, out, at)
        stops[i + 1] = at


@njit(cache=True, inline="always")
def _put_base64(data, start, end, out, at):  # type: ignore[no-untyped-def]
    """Bytes as RFC 4648 has them, padded; returns where they end."""
    while end - start >= 3:
        group = np.uint32(data[start]) << 16 | np.uint32(data[start + 1]) << 8 | data[start + 2]
        out[at] = _BASE64[group >> 18]
        out[at + 1] = _BASE64[(group >> 12) & 63]
        out[at + 2] = _BASE64[(group >> 6) & 63]
        out[at + 3] = _BASE64[group & 63]
        start += 3
        at += 4
    left = end - start
    if left:
        group = np.uint32(data[start]) << 16
        if left == 2:
            group |= np.uint32(data[start + 1]) << 8
        out[at] = _BASE64[group >> 18]
        out[at + 1] = _BASE64[(group >> 12) & 63]
        out[at + 2] = _BASE64[(group >> 6) & 63] if left == 2 else _PADDING
        out[at + 3] = _PADDING
        at += 4
    return at


def of_trades(
    frame: Frame,
    rejected: NDArray[np.bool_],
    reason: Reason,
    topics: Topics,
    now_ms: int,
) -> Messages:
    """Letters of those trades of a frame, (n,), that a shard rejects.

    Their payload is made of what was read. The frame must be whole: a letter's ``index`` counts
    the trades that the shard got of the same message.
    """
    code, sentence = texts(reason, Field.SYMBOL)
    indexes = MAX_RECORDS * (1 + frame.shard) + _order_in_message(frame.trades)
    own = frames.take(frame, rejected)
    made = []
    stood = own.trades[["source", "offset"]].tolist()
    for (source, offset), index, fields in zip(
        stood, indexes[rejected].tolist(), records.fields(own), strict=True
    ):
        topic, partition = named(source, topics)
        payload = _json.encode(records.Trade(*fields))
        letter = DeadLetter(topic, partition, offset, index, code, sentence, payload, now_ms)
        made.append((topic.encode(), _json.encode(letter)))
    return Messages.of(made)


class _Order(msgspec.Struct, frozen=True, gc=False):
    """What was read of an order."""

    symbol: str
    side: str
    price: float | None
    quantity: float | None
    timestamp: int


def of_orders(frame: OrderFrame, places: NDArray[np.intp], topics: Topics, now_ms: int) -> Messages:
    """As ``of_trades``, of the events of orders, for which there were too many symbols."""
    code, sentence = texts(Reason.TOO_MANY_SYMBOLS, Field.SYMBOL)
    made = []
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
        made.append((topic.encode(), _json.encode(letter)))
    return Messages.of(made)


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


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    encode(unread(b"?"), np.zeros(1, np.int32), np.zeros(1, np.int64), {0: ""}, 0)
