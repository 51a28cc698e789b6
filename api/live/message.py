"""The messages that clients get, on either transport."""

from dataclasses import dataclass

import msgspec

FRAMING = 120  # bytes around a body, at most


@dataclass(frozen=True, slots=True)
class Message:
    """A message without its number, which many clients share.

    Attributes:
        type: What it is.
        body: What it says: members of a JSON object, each with a comma before it.
        cursor: Where a client goes on that has got it; empty where that is no place to go on.
        count: Updates in it.
    """

    type: bytes
    body: bytes
    cursor: bytes = b""
    count: int = 0

    @property
    def size(self) -> int:
        """Bytes it takes on the wire, about."""
        return FRAMING + len(self.body) + len(self.cursor)

    def event(self, number: int) -> bytes:
        """As an event of SSE, the client's message of this number."""
        place = b"id: %b\n" % self.cursor if self.cursor else b""
        return b'event: %b\n%bdata: {"seq":%d%b}\n\n' % (self.type, place, number, self.body)

    def text(self, number: int) -> str:
        """As a message of WebSocket, the client's one of this number."""
        place = b'"cursor":"%b",' % self.cursor if self.cursor else b""
        whole = b'{"type":"%b",%b"seq":%d%b}' % (self.type, place, number, self.body)
        return whole.decode()


def message(kind: str, cursor: bytes = b"", /, **members: object) -> Message:
    """A message that says these things, in this order."""
    encode = msgspec.json.encode
    body = b"".join(b",%b:%b" % (encode(name), encode(each)) for name, each in members.items())
    return Message(kind.encode(), body, cursor)
