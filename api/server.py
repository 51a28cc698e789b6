"""The servers of a process: one for all, and one for operators' tools if they have their own."""

import asyncio
import contextlib
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from api.app import create_app, create_internal_app
from api.live.protocol import OPTIONS
from api.security.requests import HEADERS_BYTES
from api.service import Service

GRACE_SECONDS = 1  # what open requests get when the service is told to stop


def configured(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    """How the service serves an application."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        h11_max_incomplete_event_size=HEADERS_BYTES,
        proxy_headers=False,  # those that are trusted are a setting of ours
        server_header=False,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **OPTIONS,
    )


def serve(service: Service) -> None:
    """Serve until a signal says to stop.

    Raises:
        AccessError: Keys are needed, and there is no file of them.
        KeysFileError: The file of keys is not valid.
    """
    settings = service.settings
    server = uvicorn.Server(configured(create_app(service), settings.api_host, settings.api_port))
    if settings.api_internal_port is None:
        server.run()
        return
    app = create_internal_app(service)
    config = configured(app, settings.api_internal_host, settings.api_internal_port)
    asyncio.run(_serve_both(server, _Quiet(config)))


async def _serve_both(server: uvicorn.Server, internal: uvicorn.Server) -> None:
    """Serve with both until the first one ends."""
    listener = internal.config.bind_socket()  # a port that is taken ends all before it begins
    second = asyncio.create_task(internal.serve([listener]))
    try:
        await server.serve()
    finally:
        internal.should_exit = True
        await second


class _Quiet(uvicorn.Server):
    """A server that leaves the signals to another one."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
