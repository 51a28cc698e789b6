"""Long answers, cut into messages that are made when the client is ready for them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from api.live.channels import Kind
from api.live.cursor import Positions, write_cursor
from api.live.message import Message
from api.live.update import Update

PART_BYTES = 64 << 10  # of rows in one message, about

Found = Sequence[tuple[str, Update]]
"""Updates, each with the channel that it is told on."""


def update_messages(
    found: Found, kinds: Iterable[Kind], before: Positions, after: bytes
) -> Iterator[Message]:
    """Updates as messages, each with the cursor of one who has got it.

    Args:
        found: In the order of Kafka for each partition; all channels of one after the other.
        kinds: Of the cursor.
        before: Where the client is before them.
        after: The cursor of one who has got all.
    """
    positions = dict(before)
    rows: list[bytes] = []
    size = 0
    for number, (channel, each) in enumerate(found):
        rows.append(b'["%b",%b]' % (channel.encode(), each.value))
        size += len(rows[-1])
        positions[each.place] = each.offset + 1
        if size < PART_BYTES or number + 1 == len(found):
            continue
        if found[number + 1][1] is each:  # it is told on one more channel: both, or none
            continue
        yield _updates(rows, write_cursor(positions, kinds))
        rows, size = [], 0
    if rows:
        yield _updates(rows, after)


def snapshot_messages(rows: Mapping[str, Sequence[Any]], cursor: bytes) -> Iterator[Message]:
    """The rows of each channel as messages; the last has the cursor, for only it is whole."""
    encode = msgspec.json.encode
    members: list[bytes] = []
    size = 0
    for channel, own in rows.items():
        encoded: list[bytes] = []
        for row in own:
            encoded.append(encode(row))
            size += len(encoded[-1])
            if size >= PART_BYTES:
                yield _snapshot([*members, _member(channel, encoded)], last=False)
                members, encoded, size = [], [], 0
        if encoded:
            members.append(_member(channel, encoded))
    yield _snapshot(members, last=True, cursor=cursor)


class Shared(Iterable[Message]):
    """Messages that are made once, when the first of several clients is ready for them."""

    def __init__(self, source: Iterator[Message]) -> None:
        self._source = source
        self._made: list[Message] = []

    def __iter__(self) -> Iterator[Message]:
        """All messages, from the first on."""
        number = 0
        while True:
            if number == len(self._made):
                following = next(self._source, None)
                if following is None:
                    return
                self._made.append(following)
            yield self._made[number]
            number += 1


def _updates(rows: list[bytes], cursor: bytes) -> Message:
    return Message(b"updates", b',"updates":[%b]' % b",".join(rows), cursor, len(rows))


def _member(channel: str, rows: list[bytes]) -> bytes:
    return b'"%b":[%b]' % (channel.encode(), b",".join(rows))


def _snapshot(members: list[bytes], *, last: bool, cursor: bytes = b"") -> Message:
    ending = b"true" if last else b"false"
    return Message(b"snapshot", b',"rows":{%b},"last":%b' % (b",".join(members), ending), cursor)
