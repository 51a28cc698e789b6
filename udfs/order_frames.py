"""Order frames: the events of one batch that belong to one shard, packed into one bytes value.

They begin with the shard's number in 4 ASCII digits, as frames of trades do, and MARK. What follows
is msgpack: the symbols, and the events as ``udfs.columns``.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs import columns
from udfs.codes import distinct
from udfs.columns import Packed
from udfs.frames import KEY_BYTES
from udfs.orders import EVENT, Events
from udfs.shards import shard_of

MARK = b"ORDERS"
_FIELDS = columns.fields_of(EVENT, "row")


class _Packed(msgspec.Struct, array_like=True):
    symbols: list[str]
    events: Packed


_packer = msgspec.msgpack.Encoder()
_unpacker = msgspec.msgpack.Decoder(_Packed)


@dataclass(frozen=True, slots=True)
class OrderFrame:
    """The events of one shard."""

    shard: int
    events: NDArray[np.void]
    """(n,) of ``orders.EVENT``; the row is 0 in a frame that was unpacked."""
    symbols: list[str]


def split(batch: Events, shards: int) -> list[OrderFrame]:
    """The frames of a batch, one for each shard that it has events of."""
    if not batch.events.size:
        return []
    of_symbol = np.array([shard_of(symbol, shards) for symbol in batch.symbols], np.int16)
    of_event = of_symbol[batch.events["symbol"]]
    order = np.argsort(of_event, kind="stable")
    found, first = np.unique(of_event[order], return_index=True)
    frames = []
    for shard, places in zip(found.tolist(), np.split(order, first[1:]), strict=True):
        events = batch.events.take(places)
        codes, events["symbol"], _ = distinct(events["symbol"])
        frames.append(OrderFrame(shard, events, [batch.symbols[code] for code in codes.tolist()]))
    return frames


def pack(frame: OrderFrame) -> bytes:
    """The bytes of a frame."""
    packed = _Packed(frame.symbols, pack_events(frame.events))
    return b"%04d" % frame.shard + MARK + _packer.encode(packed)


def is_packed(piece: bytes) -> bool:
    """Whether these are the bytes of such a frame."""
    return piece.startswith(MARK, KEY_BYTES)


def unpack(data: bytes) -> OrderFrame:
    """The frame of these bytes."""
    packed = _unpacker.decode(data[KEY_BYTES + len(MARK) :])
    return OrderFrame(int(data[:KEY_BYTES]), unpack_events(packed.events), packed.symbols)


def pack_events(events: NDArray[np.void]) -> Packed:
    """Events as they are written down."""
    return columns.pack(events, _FIELDS)


def unpack_events(packed: Packed) -> NDArray[np.void]:
    """What ``pack_events`` was given; the row is 0."""
    return columns.unpack(packed, _FIELDS, EVENT)
