"""What a source sends."""

from typing import NamedTuple, Protocol


class Sendable(Protocol):
    """One Kafka record, and how many trades or messages of FIX travel in it."""

    @property
    def key(self) -> bytes:
        """The symbol."""

    @property
    def value(self) -> bytes:
        """What is sent."""

    @property
    def timestamp_ms(self) -> int:
        """Event time, ms since the epoch: of the newest inside."""

    @property
    def count(self) -> int:
        """How many are inside."""


class Record(NamedTuple):
    """One of them."""

    key: bytes
    value: bytes
    timestamp_ms: int
    count: int = 1  # type: ignore[assignment]  # it hides a method of tuples that nobody asks for
