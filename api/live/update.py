"""One message of Kafka on its way to clients."""

from typing import Any, NamedTuple

import msgspec

from api.live.channels import Kind, channels_of


class Place(NamedTuple):
    """A partition of the topic that holds a kind of messages."""

    kind: Kind
    partition: int


class Update(msgspec.Struct, frozen=True, gc=False):
    """One message, and who is to be told.

    ``value`` is the JSON as it came, in one line of valid UTF-8.
    """

    place: Place
    offset: int
    channels: tuple[str, ...]
    symbol: str
    value: bytes


def update(place: Place, offset: int, row: Any, value: bytes) -> Update | None:
    """Make an update of a decoded row and its bytes; None if they are not a text.

    Rows are decoded without the fields that are unknown, so bytes may be wrong in one of these.
    """
    if not value.isascii():
        try:
            value.decode()
        except UnicodeDecodeError:
            return None
    if b"\n" in value or b"\r" in value:
        # In JSON they stand between tokens only, and in SSE they would end the field.
        value = value.translate(_ONE_LINE)
    return Update(place, offset, channels_of(place.kind, row), row.symbol, value)


_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
