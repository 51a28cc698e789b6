"""What the rest of the service knows of its Kafka reader."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reading:
    """How the reading stood when the reader last looked.

    Attributes:
        answered_at: When the broker last answered, ms since the epoch; None if it never did.
        trouble: What keeps the reader from reading, empty if nothing does.
        missing: Topics that do not exist.
        caught_up: Whether all that was there at the start has been read.
        lag: Messages not read yet, by topic.
    """

    answered_at: int | None = None
    trouble: str = ""
    missing: tuple[str, ...] = ()
    caught_up: bool = False
    lag: Mapping[str, int] = field(default_factory=dict)


class Reader(Protocol):
    """Fills the memory of the service from a thread of its own."""

    @property
    def reading(self) -> Reading:
        """How the reading stands; whole and unchanging, so any thread may ask."""

    def start(self) -> None:
        """Begin to read."""

    def stop(self) -> None:
        """Stop reading."""
