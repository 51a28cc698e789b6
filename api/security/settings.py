"""The settings of security; part of the service's."""

import ipaddress
import re
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

LEAST_SESSION_SECRET = 32  # characters; it signs what stands for a key


class SecuritySettings(BaseSettings):
    """Who is let in, and within which bounds."""

    api_access: Literal["auto", "keys", "anyone"] = Field(
        "auto",
        description="Who may ask: with a key (keys), anyone, or (auto) anyone on the loopback "
        "interface and with a key on any other",
    )
    api_keys_file: str = Field("", description="File of API keys, as python -m api.keys writes it")
    api_hosts: str = Field(
        "", description="Names that the service is reached by, for the Host header, name,..."
    )
    api_origins: str = Field(
        "", description="Origins whose pages may ask too (CORS), https://name,...; none if empty"
    )
    api_trusted_proxies: str = Field(
        "", description="Addresses or networks whose X-Forwarded-For is believed; none if empty"
    )
    session_secret: SecretStr = Field(
        SecretStr(""), description="What sessions of browsers are signed with; random if empty"
    )

    api_limits: Literal["auto", "on", "off"] = Field(
        "auto", description="Whether requests are limited; auto is where keys are asked for"
    )
    reads_per_minute: int = Field(
        1_200, ge=1, le=100_000, description="Requests that read, of a key or else an address"
    )
    writes_per_minute: int = Field(
        120, ge=1, le=100_000, description="Requests that write, of a key or else an address"
    )
    max_body_bytes: int = Field(65_536, ge=0, description="Bytes of the body of a request")
    max_upload_bytes: int = Field(268_435_456, ge=0, description="Bytes of the body of an upload")
    body_timeout_ms: int = Field(
        10_000,
        ge=1,
        description="How long the service waits for a body in all, ms, and a second more for each "
        "16 KiB that came",
    )

    api_internal_host: str = Field(
        "127.0.0.1", description="Address that metrics and readiness are served on, if apart"
    )
    api_internal_port: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="Port that metrics and readiness are served on, and on no other",
    )

    @property
    def hosts(self) -> frozenset[str]:
        """Names the service is reached by, besides those of the loopback interface."""
        return frozenset(each.lower() for each in _listed(self.api_hosts))

    @property
    def origins(self) -> list[str]:
        """Origins whose pages may ask too."""
        return _listed(self.api_origins)

    @property
    def trusted_proxies(self) -> list[str]:
        """Addresses and networks of proxies."""
        return _listed(self.api_trusted_proxies)

    @field_validator("api_hosts")
    @classmethod
    def _are_hosts(cls, text: str) -> str:
        for each in _listed(text):
            if not re.fullmatch(r"[A-Za-z0-9._-]{1,253}", each):
                raise ValueError("expected names of hosts, without ports, separated by commas")
        return text

    @field_validator("api_origins")
    @classmethod
    def _are_origins(cls, text: str) -> str:
        for each in _listed(text):
            parts = urlsplit(each)
            is_origin = f"{parts.scheme}://{parts.netloc}" == each and parts.hostname
            if not is_origin or parts.scheme not in ("http", "https") or "*" in each:
                raise ValueError("expected origins, https://name or https://name:port, no path")
        return text

    @field_validator("api_trusted_proxies")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        for each in _listed(text):
            ipaddress.ip_network(each)  # uvicorn would take a wrong one for a name
        return text

    @field_validator("session_secret")
    @classmethod
    def _is_long(cls, secret: SecretStr) -> SecretStr:
        if 0 < len(secret) < LEAST_SESSION_SECRET:
            raise ValueError(
                f"expected at least {LEAST_SESSION_SECRET} characters, got {len(secret)}"
            )
        return secret

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        if self.api_internal_port and self.api_internal_port == getattr(self, "api_port", None):
            raise ValueError("api_internal_port must differ from api_port")
        return self


def is_loopback(host: str) -> bool:
    """Whether this is an address, or the name, of the loopback interface."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
