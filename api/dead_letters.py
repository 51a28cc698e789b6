"""The newest rejected records."""

import base64
from collections import Counter
from collections.abc import Iterable

import msgspec

from api.newest import Newest
from api.records import DeadLetter, Undelivered

KEPT_PAYLOAD = 8_192  # base64 characters, 6 KiB; a multiple of 4, so that the rest still decodes


Place = tuple[str, int, int, int]
"""Where a record stood: topic, partition, offset, and position inside a packed message."""
PLACES: msgspec.json.Decoder[Place] = msgspec.json.Decoder(Place)


def place_of(letter: DeadLetter) -> Place:
    """Where the record of a letter stood."""
    return letter.topic, letter.partition, letter.offset, letter.index


class DeadLetters(Newest[DeadLetter]):
    """The newest ``limit`` dead letters, each known by where its record stood."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit, place_of)

    def put(self, letters: Iterable[DeadLetter]) -> None:
        """Take in dead letters in the order they were read; long payloads are cut."""
        super().put(map(_cut, letters))


class ShownLetter(DeadLetter, gc=False):
    """A dead letter with its payload as people read it.

    ``text`` is the payload as UTF-8, what is none replaced, with ``|`` for the SOH of FIX.
    """

    text: str


def shown(letter: DeadLetter) -> ShownLetter:
    """The letter with its text, which is empty if the payload is no base64."""
    try:
        payload = base64.b64decode(letter.payload)
    except ValueError:
        payload = b""
    text = payload.decode(errors="replace").replace("\x01", "|")
    return ShownLetter(**msgspec.structs.asdict(letter), text=text)


def count_reasons(letters: Iterable[DeadLetter | Undelivered]) -> dict[str, int]:
    """How many there are of each reason, the most frequent first."""
    return dict(Counter(letter.reason for letter in letters).most_common())


def _cut(letter: DeadLetter) -> DeadLetter:
    if len(letter.payload) <= KEPT_PAYLOAD:
        return letter
    return msgspec.structs.replace(letter, payload=letter.payload[:KEPT_PAYLOAD])
