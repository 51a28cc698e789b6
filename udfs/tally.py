"""The tally: what decode counted of a batch, and when there was something of each partition."""

import msgspec

from udfs.frames import KEY_BYTES
from udfs.ledger import Change
from udfs.outages import Run
from udfs.shards import TALLY


class Tally(msgspec.Struct, array_like=True, frozen=True):
    """What is of no shard."""

    changes: list[Change]
    runs: list[Run] = []


_packer, _unpacker = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Tally)


def pack(tally: Tally) -> bytes:
    """The piece that carries it: its key, then msgpack."""
    return b"%04d" % TALLY + _packer.encode(tally)


def unpack(piece: bytes) -> Tally:
    """What ``pack`` was given."""
    return _unpacker.decode(piece[KEY_BYTES:])
