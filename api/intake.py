"""The way of one topic's messages into memory."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Intake(Generic[T]):
    """Decodes the messages of a topic as one type and hands them on, a poll at a time."""

    topic: str
    decoder: msgspec.json.Decoder[T]
    put: Callable[[Iterable[T]], None]
    replay: int | None = None
    """So many messages of the past are enough; None is as many as the settings say."""

    def take(self, values: Iterable[bytes | None]) -> int:
        """Take in the values of a poll, and return how many of them could not be decoded."""
        decoded = self.decode(values)
        taken = [each for each in decoded if each is not None]
        self.put(taken)
        return len(decoded) - len(taken)

    def decode(self, values: Iterable[bytes | None]) -> list[T | None]:
        """The values of a poll as they decode; None for each that cannot be."""
        decode = self.decoder.decode
        decoded: list[T | None] = []
        for value in values:
            try:
                decoded.append(decode(value or b""))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                decoded.append(None)
        return decoded
