"""Live streams."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, WebSocket
from fastapi.responses import Response

from api import errors
from api.live import socket
from api.live.cursor import MAX_CURSOR, read_cursor
from api.live.parameters import StreamParameters
from api.live.refusal import bad
from api.live.sse import EventStream
from api.live.subscription import subscription
from api.service import Serving

router = APIRouter(tags=["live"])

EXAMPLE = """\
event: snapshot
id: 1kYGnY2FuZGxlc5QAAAAA
data: {"seq":1,"rows":{"candles.1m":[{"symbol":"BTC/USD","interval":"1m"}]},"last":true}

event: updates
id: 1kYGnY2FuZGxlc5QBAAAA
data: {"seq":2,"updates":[["candles.1m",{"symbol":"BTC/USD","interval":"1m"}]]}
"""


@router.get(
    "/stream",
    response_class=Response,
    responses={
        200: {
            "description": "Events until one side ends it",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
        },
        **errors.OF_LIST,
    },
)
async def stream(
    service: Serving,
    asked: Annotated[StreamParameters, Query()],
    last_event_id: Annotated[
        str,
        Header(
            max_length=MAX_CURSOR,
            description="The cursor of the last event that came, as browsers send it by "
            "themselves; it goes before the parameter",
        ),
    ] = "",
) -> Response:
    """What comes over Kafka, as server-sent events; README.md has the protocol."""
    try:
        wanted = subscription(
            asked.channels.split(","), asked.symbols.split(","), service.hub.limits.symbols
        )
        place = last_event_id or asked.cursor
        since = read_cursor(place) if place else None
    except ValueError as error:
        return errors.respond(bad(error))
    return EventStream(service.hub, service.seats, wanted, asked.snapshot, since)


@router.websocket("/ws")
async def talk(websocket: WebSocket, service: Serving) -> None:
    """The same over a WebSocket, where the client may ask for something else at any time."""
    await socket.serve(websocket, service.hub, service.seats)
