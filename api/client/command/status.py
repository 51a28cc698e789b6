"""How the service and its pipeline stand."""

from typing import Annotated

import typer
from rich.table import Table

from .context import access, line, stdout
from .texts import number


def status(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="As a line of JSON.")] = False,
) -> None:
    """How the service stands, and where every record went; exit code 1 if it is not ready."""
    whom = access(context)
    with whom.client() as client:
        health = client.health()
        ledger = client.ledger(limit=1)
        symbols = client.symbols(limit=1).total
    if json:
        line({"health": health, "ledger": ledger.total, "balanced": ledger.balanced,
              "symbols": symbols})  # fmt: skip
    else:
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        table.add_row("service", whom.url)
        table.add_row("ready", "yes" if health.ready else f"no: {'; '.join(health.reasons)}")
        fresh = health.freshness_seconds
        table.add_row("newest candle", "none" if fresh is None else f"{fresh:.1f} s ago")
        behind = {topic: lag for topic, lag in health.lag.items() if lag}
        lag = ", ".join(f"{topic} {number(lag)}" for topic, lag in sorted(behind.items()))
        table.add_row("not read yet", lag or "nothing")
        table.add_row("symbols", number(symbols))
        total = ledger.total
        table.add_row("records", number(total.records))
        for name in ("candles", "orders", "duplicates", "late", "rejected", "in_flight"):
            table.add_row(f"  {name.replace('_', ' ')}", number(getattr(total, name)))
        table.add_row("balanced", "yes" if ledger.balanced else "not while records are in flight")
        stdout().print(table)
    if not health.ready:
        raise typer.Exit(1)
