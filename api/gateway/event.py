"""A hook as it stands on the topic of events, and what is kept of it in memory."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from api.gateway.deliveries import Deliveries, digest
from api.newest import Newest


class Event(msgspec.Struct, gc=False):
    """A hook of GitHub's that was taken, without its payload; ``received_at`` in ms.

    ``action``, ``repository`` (its full name) and ``sender`` (the login) are None where the payload
    has none.
    """

    id: str
    event: str
    action: str | None
    repository: str | None
    sender: str | None
    received_at: int

    @property
    def timestamp(self) -> int:
        """When it was received, ms."""
        return self.received_at

    @property
    def key(self) -> str:
        """A delivery is taken once."""
        return self.id


class EventMessage(Event, gc=False):
    """An event with its payload, byte for byte as it was signed."""

    payload: msgspec.Raw


def event_of(
    delivery: str, event: str, payload: dict[str, Any], body: bytes, received_at: int
) -> EventMessage:
    """The message for a hook."""
    return EventMessage(
        delivery,
        event,
        _text(payload.get("action")),
        _text(_of(payload.get("repository"), "full_name")),
        _text(_of(payload.get("sender"), "login")),
        received_at,
        msgspec.Raw(body.strip(b" \t\r\n")),
    )


def taking_in(
    events: Newest[Event], deliveries: Deliveries
) -> Callable[[Iterable[EventMessage]], None]:
    """What does with messages from the topic what is to be done: keep them, note their ids."""

    def put(messages: Iterable[EventMessage]) -> None:
        taken = []
        for each in messages:
            deliveries.note(each.id, digest(bytes(each.payload)))
            taken.append(
                Event(
                    each.id,
                    each.event,
                    each.action,
                    each.repository,
                    each.sender,
                    each.received_at,
                )
            )
        events.put(taken)

    return put


def _of(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
