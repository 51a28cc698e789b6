"""Options that the commands of all exchanges have."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import ValidationError

from jobs.settings import Settings
from scripts.exchanges.adapter import Adapter
from scripts.exchanges.command import CommandError, Place, follow
from scripts.exchanges.limits import Limits

MOST_SYMBOLS = 1_024
URL = re.compile(r"(ws|http)s?://[^\s/?#]+(/[^\s?#]*)?")


class Compression(StrEnum):
    """Of batches."""

    ZSTD = "zstd"
    GZIP = "gzip"
    NONE = "none"


BootstrapServers = Annotated[
    str | None, typer.Option(help="Kafka brokers; those of the job if not given.")
]
Topic = Annotated[
    str | None, typer.Option(help="Where to; the job's first of trades if not given.")
]
Partitions = Annotated[int, typer.Option(min=1, help="Of the topic, if it does not exist yet.")]
Batches = Annotated[Compression, typer.Option("--compression", help="Of what goes to Kafka.")]
SinceId = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SYMBOL=ID",
        help="The last trade that Kafka has of a symbol: those after it are asked for, as far as "
        "the exchange still has them. May be given for each symbol.",
    ),
]


def application(command: Callable[..., None]) -> typer.Typer:
    """A command line of one command."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(command)
    return app


def symbols(text: str, pattern: str, example: str) -> tuple[str, ...]:
    """Names in capitals, separated by commas, each once."""
    names = tuple(dict.fromkeys(filter(None, (each.strip().upper() for each in text.split(",")))))
    wrong = [name for name in names if not re.fullmatch(pattern, name)]
    if wrong or not names:
        raise typer.BadParameter(f"--symbols: {', '.join(wrong) or 'none'}: give them as {example}")
    if len(names) > MOST_SYMBOLS:
        raise typer.BadParameter(f"--symbols: {len(names):,} are more than {MOST_SYMBOLS:,}")
    return names


def address(name: str, text: str, scheme: str) -> str:
    """A URL of this scheme, or the same encrypted."""
    found = URL.fullmatch(text)
    if not found or found[1] != scheme:
        raise typer.BadParameter(
            f"--{name}: {text} does not begin with {scheme}s:// or {scheme}://"
        )
    return text


def run(
    adapter: Adapter,
    bootstrap_servers: str | None,
    topic: str | None,
    partitions: int,
    compression: Compression,
    since_id: list[str] | None,
) -> None:
    """Follow an exchange, and exit as the command does."""
    since = dict(_since(each, adapter) for each in since_id or ())
    try:
        job = Settings()
    except ValidationError as error:
        raise typer.BadParameter(str(error)) from error
    place = Place(
        bootstrap_servers or job.bootstrap_servers,
        topic or job.trades_topics[0],
        partitions,
        None if compression is Compression.NONE else compression.value,
    )
    try:
        code = follow(adapter, place, since, Limits())
    except CommandError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.code) from error
    raise typer.Exit(code)


def _since(text: str, adapter: Adapter) -> tuple[str, int]:
    symbol, _, number = text.rpartition("=")
    if symbol.upper() not in adapter.symbols or not (number.isascii() and number.isdigit()):
        raise typer.BadParameter(
            f"--since-id: {text} is not SYMBOL=ID of one of {', '.join(adapter.symbols)}"
        )
    return symbol.upper(), int(number)
