"""Options that the commands of exchanges have, and no other source."""

import re
from typing import Annotated

import typer

from scripts.exchanges.adapter import Adapter
from scripts.exchanges.command import follow
from scripts.exchanges.limits import Limits
from scripts.sources.options import Compression
from scripts.sources.place import Place

MOST_SYMBOLS = 1_024
URL = re.compile(r"(ws|http)s?://[^\s/?#]+(/[^\s?#]*)?")


SinceId = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SYMBOL=ID",
        help="The last trade that Kafka has of a symbol: those after it are asked for, as far as "
        "the exchange still has them. May be given for each symbol.",
    ),
]


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
    place = Place.chosen(bootstrap_servers, topic, partitions, compression)
    raise typer.Exit(follow(adapter, place, since, Limits()))


def _since(text: str, adapter: Adapter) -> tuple[str, int]:
    symbol, _, number = text.rpartition("=")
    if symbol.upper() not in adapter.symbols or not (number.isascii() and number.isdigit()):
        raise typer.BadParameter(
            f"--since-id: {text} is not SYMBOL=ID of one of {', '.join(adapter.symbols)}"
        )
    return symbol.upper(), int(number)
