"""Streams as server-sent events."""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.live.client import Client
from api.live.cursor import Cursor
from api.live.hub import Hub
from api.live.link import link_of
from api.live.refusal import refused
from api.live.seats import Seats, TooManyStreamsError
from api.live.subscription import Subscription

RETRY = b"retry: 1000\n\n"  # ms until a browser comes back
STOP_S = 0.2  # what a client has to read the end when the service stops
HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # proxies would keep events until there are many
    "Connection": "close",
}


class EventStream(Response):
    """An answer that ends with the client, or with the service.

    Args:
        hub: Who tells.
        seats: Who counts.
        asked: What the client is told.
        count: Rows of each series in its snapshot.
        since: Where it goes on; None to begin with a snapshot.
    """

    media_type = "text/event-stream"

    def __init__(
        self, hub: Hub, seats: Seats, asked: Subscription, count: int, since: Cursor | None
    ) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._hub = hub
        self._doors = seats
        self._asked = asked
        self._count = count
        self._since = since

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until one of both ends it."""
        address = scope["client"][0] if scope.get("client") else ""
        try:
            with self._doors.through(address):
                await self._stream(scope, receive, send)
        except TooManyStreamsError as error:
            self._hub.metrics.refused.inc()
            await refused(error)(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        link = link_of(scope)
        client = self._hub.enter(link)
        clients = self._hub.metrics.clients.labels("sse")
        clients.inc()
        watch = asyncio.create_task(_until_gone(client, receive))

        def stop() -> None:
            client.outbox.close()
            if link:
                link.end(STOP_S)

        if link:
            link.bound()
            link.on_stop(stop)
        try:
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            await send({"type": "http.response.body", "body": RETRY, "more_body": True})
            self._hub.ask(client, self._asked, self._count, self._since)
            while messages := await client.outbox.take():
                body = b"".join(each.event(number) for number, each in client.numbered(messages))
                client.writing_since = self._hub.now()
                await send({"type": "http.response.body", "body": body, "more_body": True})
                client.writing_since = None
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._hub.leave(client)
            watch.cancel()
            clients.dec()
            if link:
                link.on_stop(None)


async def _until_gone(client: Client, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    client.outbox.close()
