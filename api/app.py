"""The application: parts, routes and errors put together."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import compression, errors
from api.caching import NoStore
from api.gateway import errors as gateway_errors
from api.metrics import RequestTimer
from api.request_id import RequestId
from api.routes import (
    alerts,
    analytics,
    candles,
    dead_letters,
    gateway,
    internal,
    ledger,
    live,
    operations,
    orders,
    page,
    session,
)
from api.security.headers import SecurityHeaders
from api.security.install import install, keep_out, open_doors
from api.service import Service

log = logging.getLogger(__name__)


def create_app(service: Service) -> FastAPI:
    """Build the application around a service, whose threads run while the application does.

    Raises:
        AccessError: Keys are needed, and there is no file of them.
        KeysFileError: The file of keys is not valid.
    """
    doors = open_doors(service.settings, service.clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for path in page.missing():
            log.warning("the page is not whole: %s is missing, run npm ci in api/", path)
        service.hub.start()
        service.reader.start()
        service.webhooks.start()
        service.gateway.start()
        yield
        service.gateway.stop()
        service.webhooks.stop()
        service.reader.stop()
        await service.hub.stop()

    app = FastAPI(
        title="Tapeline",
        summary="Candles you can trust, in event time",
        version="0.1.0",
        lifespan=lifespan,
        docs_url=None,  # in page.py, as no host but this one is needed
        redoc_url=None,
        responses=errors.RESPONSES,
        redirect_slashes=False,  # a slash may be part of a symbol
    )
    app.state.service = service
    app.state.doors = doors
    install(app, service.settings, doors)
    compression.install(app)
    app.add_middleware(RequestTimer, metrics=service.metrics)
    app.add_middleware(NoStore)
    app.add_middleware(RequestId)  # the last one is the outermost
    errors.install(app)
    gateway_errors.install(app)
    app.include_router(operations.router)
    if service.settings.api_internal_port is None:
        app.include_router(internal.router)
    app.include_router(session.router)
    app.include_router(candles.router)
    app.include_router(orders.router)
    app.include_router(analytics.router)
    app.include_router(alerts.router)
    app.include_router(dead_letters.router)
    app.include_router(ledger.router)
    app.include_router(live.router)
    app.include_router(gateway.router)
    page.mount(app)
    return app


def create_internal_app(service: Service) -> FastAPI:
    """What the internal port serves, to anyone who reaches it."""
    app = FastAPI(title="Tapeline, internal", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.service = service
    keep_out(app, service.settings, service.settings.api_internal_host)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestTimer, metrics=service.metrics)
    app.add_middleware(RequestId)
    errors.install(app)
    app.include_router(internal.router)
    return app
