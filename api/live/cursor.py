"""A client's place in the streams, as a text that it hands back to go on from there.

It names the next offset of every partition of every topic behind the channels, so it is good at
any instance of the service, and after a restart.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping

import msgspec

from api.live.channels import Kind
from api.live.update import Place

Positions = Mapping[Place, int]
"""The next offset of partitions."""

MAX_CURSOR = 16_384  # characters
_VERSION = "1"


class Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The next offset of each partition, by its number, of each kind of messages."""

    offsets: dict[Kind, list[int]]


class BadCursorError(ValueError):
    """A text that no instance gave out."""


_decoder = msgspec.msgpack.Decoder(Cursor)
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def write_cursor(positions: Positions, kinds: Iterable[Kind]) -> bytes:
    """The cursor of these positions, as far as they are of these kinds."""
    offsets: dict[Kind, list[int]] = {kind: [] for kind in kinds}
    for place, offset in sorted(positions.items()):
        if place.kind in offsets:
            own = offsets[place.kind]
            own += [0] * (place.partition - len(own))
            own.append(offset)
    packed = base64.urlsafe_b64encode(_encode(Cursor(offsets)))
    return _VERSION.encode() + packed.rstrip(b"=")


def read_cursor(text: str) -> Cursor:
    """What a cursor says.

    Raises:
        BadCursorError: It is none.
    """
    if len(text) > MAX_CURSOR or not text.isascii() or not text.startswith(_VERSION):
        raise BadCursorError(f"cursor: expected one that came with a message, got {text[:100]!r}")
    packed = text[len(_VERSION) :]
    try:
        padded = packed + "=" * (-len(packed) % 4)
        cursor = _decoder.decode(base64.b64decode(padded, b"-_", validate=True))
    except (binascii.Error, msgspec.MsgspecError, UnicodeDecodeError):
        raise BadCursorError(
            f"cursor: expected one that came with a message, got {text[:100]!r}"
        ) from None
    if any(not 0 <= each < 2**63 for own in cursor.offsets.values() for each in own):
        raise BadCursorError(f"cursor: expected one that came with a message, got {text[:100]!r}")
    return cursor
