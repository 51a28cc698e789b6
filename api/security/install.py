"""All of it put around an application."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.security import bodies, document
from api.security.access import AccessGate
from api.security.bodies import BodyGate
from api.security.callers import CallerGate
from api.security.headers import SecurityHeaders
from api.security.hosts import HostGate
from api.security.keyring import Keyring
from api.security.origins import OriginGate
from api.security.rates import RateGate
from api.security.requests import HeaderGate
from api.security.sessions import Sessions
from api.security.settings import is_loopback
from api.settings import Settings

GITHUB_BYTES = 26_214_400  # the most that GitHub sends
ALLOWED = (
    *("Authorization", "X-API-Key", "Content-Type", "Content-Encoding"),
    *("Last-Event-ID", "If-None-Match", "X-Request-ID"),
)
EXPOSED = (
    *("ETag", "Link", "Location", "X-Request-ID", "Retry-After"),
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
)


class AccessError(ValueError):
    """The service is told to listen where keys are needed, and has none."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The keys that are asked for, and the sessions that stand for them."""

    keyring: Keyring
    sessions: Sessions


def open_doors(settings: Settings, clock: Callable[[], int]) -> Doors | None:
    """Read the keys; None where anyone may ask.

    Raises:
        AccessError: Keys are needed, and there is no file of them.
        KeysFileError: The file is not valid.
    """
    if settings.api_access == "anyone":
        return None
    if settings.api_access == "auto" and is_loopback(settings.api_host):
        return None
    if not settings.api_keys_file:
        raise AccessError(
            f"the service is to listen on {settings.api_host} with "
            f"TAPELINE_API_ACCESS={settings.api_access}, so keys are needed: make one with "
            "python -m api.keys new NAME, and name the file in TAPELINE_API_KEYS_FILE; where "
            "nobody but you can reach it, TAPELINE_API_ACCESS=anyone asks for none"
        )
    sessions = Sessions(settings.session_secret.get_secret_value(), clock)
    return Doors(Keyring(Path(settings.api_keys_file)), sessions)


def install(app: FastAPI, settings: Settings, doors: Doors | None) -> None:
    """Put the middlewares around an application: what is added last sees a request first."""
    bodies.install(app)
    exceptions = {"/upload": settings.max_upload_bytes, "/webhook/github": GITHUB_BYTES}
    app.add_middleware(
        BodyGate,
        most=settings.max_body_bytes,
        exceptions=exceptions,
        patience=settings.body_timeout_ms / 1_000,
    )
    if doors:
        document.install(app)
        app.add_middleware(AccessGate)
    if settings.api_limits == "on" or (settings.api_limits == "auto" and doors):
        app.add_middleware(
            RateGate,
            reads=settings.reads_per_minute,
            writes=settings.writes_per_minute,
            clock=time.monotonic,
        )
    app.add_middleware(OriginGate, origins=settings.origins)
    if doors:
        app.add_middleware(CallerGate, keyring=doors.keyring, sessions=doors.sessions)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=ALLOWED,
            expose_headers=EXPOSED,
        )
    if settings.hosts or not doors:
        keep_out(app, settings, settings.api_host)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies)
    app.add_middleware(HeaderGate)
    app.add_middleware(SecurityHeaders)


def keep_out(app: FastAPI, settings: Settings, host: str) -> None:
    """Refuse requests with foreign names, of an application that is served on this address."""
    app.add_middleware(HostGate, names=settings.hosts, addresses=not is_loopback(host))
