"""Anomalies, and those that come."""

from typing import Annotated

import typer

from ...records import Anomaly
from ..following import Lost, Missed, Snapshot, Updates
from ..questions import Kind, Severity
from .context import access, line, stderr, stdout
from .texts import clock, number, safe, trouble

LOUD = {"minor": "yellow", "major": "dark_orange", "critical": "bold red"}


def anomalies(
    context: typer.Context,
    symbols: Annotated[list[str] | None, typer.Argument(help="Only of these.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Most; the newest.")] = 20,
    kind: Annotated[Kind | None, typer.Option(help="Only such ones.")] = None,
    severity: Annotated[Severity | None, typer.Option(help="Only such ones.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="And those that come.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As lines of JSON.")] = False,
) -> None:
    """The newest anomalies, ascending by time; with kind or severity, of the newest of a symbol."""
    console = stdout()

    def tell(rows: list[Anomaly]) -> None:
        for row in rows:
            if kind in (None, row.kind) and severity in (None, row.severity):
                line(row) if json else console.print(described(row), style=LOUD.get(row.severity))

    with access(context).client() as client:
        for message in client.follow(["anomalies"], symbols or (), snapshot=limit):
            match message:
                case Snapshot(rows):
                    past = [each for each in rows.get("anomalies", []) if isinstance(each, Anomaly)]
                    past.sort(key=lambda each: each.timestamp)
                    tell(past[-limit:] if limit else [])
                    if not follow:
                        return
                case Updates(updates):
                    tell([each for _, each in updates if isinstance(each, Anomaly)])
                case Missed() | Lost():
                    stderr.print(trouble(message))


def described(row: Anomaly) -> str:
    """An anomaly in a line."""
    what = f"{row.kind} {number(row.value)}"
    of = f" of {row.interval}" if row.interval else ""
    if row.z is None:
        why = f"score, at least {number(row.threshold)}"
    else:
        spread = number(row.standard_deviation)
        why = f"z {row.z:+.1f} (mean {number(row.mean)}, deviation {spread}, of {row.count})"
    return f"{clock(row.timestamp)}  {safe(row.symbol)}  {row.severity}  {what}{of}: {why}"
