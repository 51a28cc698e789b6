"""What the parts of the command have in common."""

import sys
from dataclasses import dataclass
from typing import Any

import msgspec
import typer
from rich.console import Console

from ..sync import Client

stderr = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Access:
    """Which service is meant."""

    url: str
    key: str | None

    def client(self) -> Client:
        """A connection to it."""
        return Client(self.url, self.key)


def access(context: typer.Context) -> Access:
    """What the command was told of the service."""
    found = context.find_object(Access)
    assert found is not None
    return found


def line(row: Any) -> None:
    """Write a row as a line of JSON, at once."""
    sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
    sys.stdout.flush()
