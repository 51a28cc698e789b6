"""What the parts of the command have in common."""

import sys
from dataclasses import dataclass
from typing import Any

import msgspec
import typer
from rich.console import Console

from ..sync import Client

WIDE = 200  # characters of a line where there is no terminal to tell how many fit

stderr = Console(stderr=True, highlight=False)


def stdout() -> Console:
    """What is written to; lines that go elsewhere than to a terminal are not broken."""
    found = Console(highlight=False, markup=False)
    return found if found.is_terminal else Console(highlight=False, markup=False, width=WIDE)


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
