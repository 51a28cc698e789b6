"""Keys, and services that ask for them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Scope_

from api.security import keys
from api.security.keys import Scope
from api.service import Service
from api.settings import Settings
from tests.api.harness import NOW, make_service


def issue(path: Path, *scopes: Scope, name: str = "") -> str:
    """Add a key to the file; gives what its owner sends."""
    key, line = keys.make(name or "-".join(scopes), scopes, NOW)
    keys.add(path, line)
    return key


def guarded(path: Path, **more: Any) -> Service:
    """A service that asks for the keys of this file."""
    settings = Settings(api_access="keys", api_keys_file=str(path), **more)
    return make_service(settings=settings)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def every_route(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of every route there is; of a WebSocket GET, and so of a folder of files."""

    def walk(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
        for route in routes:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                yield from walk(inner.routes)
                continue
            path = str(getattr(route, "path_format", None) or vars(route)["path"])
            for method in getattr(route, "methods", None) or {"GET"}:
                yield method, path

    yield from walk(app.routes)


async def ask(app: ASGIApp, scope: Scope_, *parts: Message) -> list[Message]:
    """What an application sends to a request whose body comes in these parts, or stops coming."""
    sent: list[Message] = []
    left = list(parts)

    async def receive() -> Message:
        if left:
            return left.pop(0)
        if parts and parts[-1].get("more_body"):
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def request(
    path: str = "/",
    method: str = "GET",
    client: str = "192.0.2.1",
    kind: str = "http",
    **headers: str,
) -> Scope_:
    """The scope of a request; underscores of headers are hyphens."""
    return {
        "type": kind,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "client": (client, 1),
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }


async def answer_ok(_: Scope_, receive: Receive, send: Send) -> None:
    """An application that reads the body and says how much there was."""
    size = 0
    while (message := await receive()).get("more_body") or message.get("body"):
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})
