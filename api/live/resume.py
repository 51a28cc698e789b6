"""Going on from a cursor: what came since, if all of it is still kept."""

from collections.abc import Iterator, Mapping

from api.live.cursor import Cursor, Positions, write_cursor
from api.live.log import Log
from api.live.message import Message
from api.live.parts import update_messages
from api.live.subscription import Subscription
from api.live.update import Place


def is_ahead(asked: Subscription, since: Cursor, at: Positions) -> bool:
    """Whether a cursor is of what is not read here, yet or any more."""
    return any(
        offset > at.get(Place(kind, number), 0)
        for kind in asked.kinds
        for number, offset in enumerate(since.offsets.get(kind, ()))
    )


def hole(asked: Subscription, since: Cursor, log: Log, at: Positions) -> str:
    """Why one cannot go on from a cursor; empty if one can."""
    for kind in sorted(asked.kinds):
        if kind not in since.offsets:
            return f"the cursor says nothing of {kind}"
    if is_ahead(asked, since, at):
        return "the cursor is ahead of what there is"
    for place, offset in _starts(asked, since, at).items():
        if offset < log.begins(place):
            return "the cursor goes back further than what is kept"
    return ""


def missed(asked: Subscription, since: Cursor, log: Log, at: Positions) -> Iterator[Message]:
    """What came from a cursor without a hole until now."""
    before = _starts(asked, since, at)
    found = [
        (channel, each)
        for place, offset in before.items()
        for each in log.since(place, offset)
        if not asked.symbols or each.symbol in asked.symbols
        for channel in each.channels
        if channel in asked.channels
    ]
    return update_messages(found, asked.kinds, before, write_cursor(at, asked.kinds))


def _starts(asked: Subscription, since: Cursor, at: Positions) -> Mapping[Place, int]:
    """Where a cursor goes on in each partition; one that it does not name is new since then."""
    return {place: _offset(since, place) for place in at if place.kind in asked.kinds}


def _offset(since: Cursor, place: Place) -> int:
    own = since.offsets[place.kind]
    return own[place.partition] if place.partition < len(own) else 0
