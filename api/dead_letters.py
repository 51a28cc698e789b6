"""The newest rejected records."""

import base64
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable

import msgspec

from api.records import DeadLetter

KEPT_PAYLOAD = 8_192  # base64 characters, 6 KiB; a multiple of 4, so that the rest still decodes


class DeadLetters:
    """Dead letters in the order they were read, the newest ``limit`` of them.

    A record is known by where it stood (topic, partition, offset, index), so one that is read a
    second time, after a restart of the job or of the reader, counts once.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._letters: OrderedDict[tuple[str, int, int, int], DeadLetter] = OrderedDict()

    def put(self, letters: Iterable[DeadLetter]) -> None:
        """Take in dead letters in the order they were read; long payloads are cut."""
        with self._lock:
            for letter in letters:
                if len(letter.payload) > KEPT_PAYLOAD:
                    letter = msgspec.structs.replace(letter, payload=letter.payload[:KEPT_PAYLOAD])
                place = (letter.topic, letter.partition, letter.offset, letter.index)
                self._letters[place] = letter
                if len(self._letters) > self._limit:
                    self._letters.popitem(last=False)

    def newest(self) -> list[DeadLetter]:
        """All that is kept, newest first."""
        with self._lock:
            return list(reversed(self._letters.values()))

    def __len__(self) -> int:
        return len(self._letters)


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


def count_reasons(letters: Iterable[DeadLetter]) -> dict[str, int]:
    """How many there are of each reason, the most frequent first."""
    return dict(Counter(letter.reason for letter in letters).most_common())
