"""The application: parts, routes and errors put together."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import errors
from api.metrics import RequestTimer
from api.routes import (
    alerts,
    analytics,
    candles,
    dead_letters,
    ledger,
    operations,
    orders,
    page,
)
from api.service import Service

log = logging.getLogger(__name__)


def create_app(service: Service) -> FastAPI:
    """Build the application around a service, whose threads run while the application does."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for path in page.missing():
            log.warning("the page is not whole: %s is missing, run npm ci in api/", path)
        service.reader.start()
        service.webhooks.start()
        yield
        service.webhooks.stop()
        service.reader.stop()

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
    app.add_middleware(RequestTimer, metrics=service.metrics)
    errors.install(app)
    app.include_router(operations.router)
    app.include_router(candles.router)
    app.include_router(orders.router)
    app.include_router(analytics.router)
    app.include_router(alerts.router)
    app.include_router(dead_letters.router)
    app.include_router(ledger.router)
    page.mount(app)
    return app
