"""Candles as a table, or for other programs."""

import csv
import sys
from itertools import chain
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from ...records import Candle, Interval
from .. import questions
from ..sync import Client
from .context import access, line, stdout
from .texts import clock, number

PAGE = 50_000  # rows, the most that the service gives at once
COLUMNS = msgspec.structs.fields(Candle)


def candles(
    context: typer.Context,
    symbol: Annotated[str, typer.Argument(help="As in /api/symbols.")],
    interval: Annotated[Interval, typer.Option("--interval", "-i")] = "1m",
    start: Annotated[
        str | None, typer.Option("--from", help="First time: ms since the epoch, or RFC 3339.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="First time after them.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most; the newest.")] = 20,
    final: Annotated[bool, typer.Option("--final", help="Without those that form.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As the service writes it.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As lines of JSON.")] = False,
) -> None:
    """Candles of a symbol, ascending."""
    with access(context).client() as client:
        rows = newest(client, symbol, interval, start, end, limit, final or None)
    if json:
        for row in rows:
            line(row)
    elif as_csv:
        _write(rows)
    else:
        _print(rows)


def newest(
    client: Client,
    symbol: str,
    interval: Interval,
    start: str | None,
    end: str | None,
    limit: int,
    final: bool | None,
) -> list[Candle]:
    """So many, over as many pages as it takes."""
    question = questions.candles(
        symbol, interval, start=start, end=end, limit=min(limit, PAGE), final=final
    )
    pages: list[list[Candle]] = []
    found = 0
    for page in client.pages(question):
        pages.append(page.candles)
        found += len(page.candles)
        if found >= limit:
            break
    return list(chain.from_iterable(reversed(pages)))[-limit:]


def _write(rows: list[Candle]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(each.encode_name for each in COLUMNS)
    for row in rows:
        writer.writerow(_cell(getattr(row, each.name)) for each in COLUMNS)


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _print(rows: list[Candle]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("Start (UTC)", no_wrap=True)
    for name in ("Open", "High", "Low", "Close", "Volume", "VWAP", "Trades"):
        table.add_column(name, justify="right")
    table.add_column("")
    for row in rows:
        state = "forming" if not row.final else f"revision {row.revision}" if row.revision else ""
        numbers = (row.open, row.high, row.low, row.close, row.volume, row.vwap, row.trades)
        table.add_row(clock(row.start), *map(number, numbers), state)
    stdout().print(table)
