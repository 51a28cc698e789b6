"""Alerts on their way to one target, and where they come from."""

from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from api.records import Alert

_decode = msgspec.json.Decoder(Alert).decode


@dataclass(frozen=True, slots=True)
class Parcel:
    """An alert to be delivered.

    Attributes:
        alert: What it says.
        body: The bytes of it, as they are on Kafka.
        place: Where it stands, for its source.
    """

    alert: Alert
    body: bytes
    place: Any = None


def parcel(body: bytes | None, place: Any = None) -> Parcel | None:
    """The parcel of a message; None if the message is no alert."""
    try:
        return Parcel(_decode(body or b""), body or b"", place)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


class Source(Protocol):
    """Gives the alerts for one target, in order, and remembers which are dealt with."""

    def take(self) -> Parcel | None:
        """The next alert, waited for a moment; None if there is none now."""

    def pass_over(self, parcel: Parcel) -> None:
        """The alert is not for this target; it may be given again after a restart."""

    def settle(self, parcel: Parcel) -> None:
        """The alert is dealt with: it is not given again, neither after a restart."""

    def rest(self, seconds: float) -> bool:
        """Wait, giving no alert; False if the service stops, which ends the wait at once."""
