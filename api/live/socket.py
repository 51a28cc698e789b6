"""Streams over a WebSocket."""

import asyncio
import contextlib
from typing import Annotated

import msgspec
from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from api.live.client import Client
from api.live.cursor import read_cursor
from api.live.hub import GRACE_S, Hub
from api.live.link import link_of
from api.live.message import message
from api.live.refusal import bad, full
from api.live.seats import Seats, TooManyStreamsError
from api.live.sse import STOP_S
from api.live.subscription import subscription

SLOW = 4008  # code of the close of one that did not read
GOING_AWAY = 1001
TRY_LATER = 1013
MAX_SNAPSHOT = 5_000  # rows of each series


class Subscribe(msgspec.Struct, tag="subscribe", forbid_unknown_fields=True):
    """What a client asks to be told, from now on."""

    channels: list[str]
    symbols: list[str] = []
    snapshot: Annotated[int, msgspec.Meta(ge=0, le=MAX_SNAPSHOT)] = 1
    cursor: str | None = None


class Ping(msgspec.Struct, tag="ping", forbid_unknown_fields=True):
    """Asks whether anybody listens."""


_decoder = msgspec.json.Decoder(Subscribe | Ping)


async def serve(socket: WebSocket, hub: Hub, seats: Seats) -> None:
    """Talk with a client until one of both ends it."""
    address = socket.client.host if socket.client else ""
    await socket.accept()  # in any case: a browser is not told why a handshake failed
    try:
        with seats.through(address):
            await _talk(socket, hub)
    except TooManyStreamsError as error:
        hub.metrics.refused.inc()
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it may be gone
            told = message("error", problem=full(error).model_dump())
            await socket.send_text(told.text(1))
            await socket.close(TRY_LATER)
        if link := link_of(socket.scope):
            link.end(STOP_S)


async def _talk(socket: WebSocket, hub: Hub) -> None:
    link = link_of(socket.scope)
    client = hub.enter(link)
    clients = hub.metrics.clients.labels("websocket")
    clients.inc()
    if link:
        link.bound()
    writing = asyncio.create_task(_write(socket, hub, client))
    try:
        while (came := await socket.receive())["type"] == "websocket.receive":
            _hear(hub, client, came.get("text"))
    finally:
        hub.leave(client)
        client.outbox.close()
        if link:
            # Or what is not read would be waited for.
            link.end(GRACE_S if client.slow else STOP_S)
        clients.dec()
        await asyncio.gather(writing, return_exceptions=True)


def _hear(hub: Hub, client: Client, text: str | None) -> None:
    """Do what a message asks for, or say why not."""
    try:
        if text is None:
            raise ValueError("expected a message of text, got bytes")
        asked = _decoder.decode(text)
        if isinstance(asked, Ping):
            hub.say(client, message("pong"))
            return
        wanted = subscription(asked.channels, asked.symbols, hub.limits.symbols)
        since = read_cursor(asked.cursor) if asked.cursor else None
        hub.ask(client, wanted, asked.snapshot, since)
    except ValueError as error:  # of msgspec too
        hub.say(client, message("error", problem=bad(error).model_dump()))


async def _write(socket: WebSocket, hub: Hub, client: Client) -> None:
    try:
        while messages := await client.outbox.take():
            client.writing_since = hub.now()
            for number, each in client.numbered(messages):
                await socket.send_text(each.text(number))
            client.writing_since = None
        await socket.close(SLOW if client.slow else GOING_AWAY)
    except (WebSocketDisconnect, RuntimeError):
        pass  # it is gone, which the other half hears too
