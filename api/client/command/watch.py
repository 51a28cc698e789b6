"""Candles that move."""

from collections import deque
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ...records import Anomaly, Candle, Interval
from ..following import Lost, Message, Missed, Row, Snapshot, Updates
from .anomalies import LOUD, described
from .context import access, line, stderr
from .texts import clock, number, percent, safe, trouble

ANOMALIES = 5  # shown
FRAMES = 10  # a second, at most
AROUND = 12  # lines that are no candles


def watch(
    context: typer.Context,
    symbols: Annotated[list[str] | None, typer.Argument(help="Only these.")] = None,
    interval: Annotated[Interval, typer.Option("--interval", "-i")] = "1m",
) -> None:
    """Candles and anomalies as they come; into a pipe, each candle as a line of JSON."""
    channels = [f"candles.{interval}"]
    console = Console()
    with access(context).client() as client:
        for symbol in symbols or ():
            client.aggregations(symbol)  # a name that is not there is told at once
        if not console.is_terminal:
            for message in client.follow(channels, symbols or ()):
                _pass_on(message)
            return
        screen = Screen(console, interval)
        messages = client.follow([*channels, "anomalies"], symbols or ())
        with Live(screen, console=console, refresh_per_second=FRAMES, screen=True):
            for message in messages:
                screen.take(message)


class Screen:
    """The newest candle of each symbol, and the newest anomalies.

    Args:
        console: What it is drawn on.
        interval: Of the candles.
    """

    def __init__(self, console: Console, interval: str) -> None:
        self._console = console
        self._interval = interval
        self._candles: dict[str, Candle] = {}
        self._anomalies: deque[Anomaly] = deque(maxlen=ANOMALIES)
        self._state = "waiting for the service"

    def take(self, message: Message) -> None:
        """Note what came."""
        match message:
            case Snapshot(rows):
                self._state = "live"
                for channel in rows.values():
                    for row in channel:
                        self._note(row)
            case Updates(updates):
                self._state = "live"
                for _, row in updates:
                    self._note(row)
            case Missed() | Lost():
                self._state = trouble(message)

    def __rich__(self) -> Group:
        """What is drawn."""
        table = Table("Symbol", f"{self._interval} from (UTC)", expand=True)
        for name in ("Last", "Change", "High", "Low", "Volume", "VWAP", "Trades"):
            table.add_column(name, justify="right")
        candles = sorted(self._candles.copy().values(), key=lambda each: each.symbol)
        room = max(1, self._console.height - AROUND)
        for row in candles[:room]:
            change = row.close / row.open - 1 if row.open else None
            style = "" if not change else "green" if change > 0 else "red"
            last, moved = Text(number(row.close), style), Text(percent(change), style)
            rest = map(number, (row.high, row.low, row.volume, row.vwap, row.trades))
            table.add_row(safe(row.symbol), clock(row.start), last, moved, *rest)
        parts: list[Table | Text] = [table]
        if len(candles) > room:
            parts.append(Text(f"and {len(candles) - room} more", "dim"))
        for anomaly in self._anomalies.copy():
            parts.append(Text(described(anomaly), LOUD.get(anomaly.severity, "")))
        parts.append(Text(f"{self._state} - Ctrl-C ends", "dim"))
        return Group(*parts)

    def _note(self, row: Row) -> None:
        if isinstance(row, Anomaly):
            self._anomalies.append(row)
        elif isinstance(row, Candle):
            kept = self._candles.get(row.symbol)
            if kept is None or row.start >= kept.start:  # corrections of older ones come too
                self._candles[row.symbol] = row


def _pass_on(message: Message) -> None:
    match message:
        case Snapshot(rows):
            for channel in rows.values():
                for row in channel:
                    line(row)
        case Updates(updates):
            for _, row in updates:
                line(row)
        case Missed() | Lost():
            stderr.print(trouble(message))
