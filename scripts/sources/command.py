"""How the command of a source begins and ends."""

import sys
from collections.abc import Callable
from typing import NoReturn

import typer
from kafka.errors import KafkaError
from pydantic import ValidationError

from scripts.sources.errors import SourceError


def application(command: Callable[..., None], help: str | None = None) -> typer.Typer:
    """A command line of one command."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command(help=help)(command)
    return app


def run(app: typer.Typer, name: str) -> NoReturn:
    """Run it; what a person can act on is said without a traceback."""
    try:
        app(prog_name=name)
    except SourceError as error:
        _fail(f"{name}: {error}", error.code)
    except ValidationError as error:
        _fail(f"{name}: {error}", 2)
    except KafkaError as error:
        _fail(f"{name}: Kafka: {error or type(error).__name__}", 1)
    except OSError as error:
        _fail(f"{name}: {error}", 1)
    sys.exit(0)


def _fail(text: str, code: int) -> NoReturn:
    print(text, file=sys.stderr)
    sys.exit(code)
