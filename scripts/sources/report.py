"""What a source says while it sends: a line that moves on a terminal, or one now and then."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

EVERY_S = 5.0
DRAWN_EVERY_S = 0.2

Tell = Callable[[str | None], None]
"""To be called often; what it is given is said besides the counts."""


class Counts(Protocol):
    """What is told of."""

    @property
    def sent(self) -> int:
        """Trades, or messages of FIX, up to now."""

    def told(self) -> str:
        """What became of them, in words."""

    def trouble(self) -> Iterable[str]:
        """What is to be said at the end, a line each."""


@contextmanager
def reporting(counts: Counts, total: int | None = None) -> Iterator[Tell]:
    """Tell on the way how far a source is, and its totals at the end.

    Args:
        counts: Of what it sends.
        total: How many trades or messages it will send, if that is known.
    """
    started = time.monotonic()
    console = Console()
    try:
        with (_drawn if console.is_terminal else _written)(counts, total, console) as tell:
            yield tell
    finally:
        print(line("total", counts, counts.sent, time.monotonic() - started), flush=True)
        for each in counts.trouble():
            print(each, file=sys.stderr)


def line(title: str, counts: Counts, sent: int, seconds: float) -> str:
    """What is told, and how many a second were sent."""
    rate = sent / max(seconds, 1e-9)
    return f"{title}: {rate:,.0f} records/s | {counts.sent:,} records in {counts.told()}"


@contextmanager
def _written(counts: Counts, total: int | None, _: Console) -> Iterator[Tell]:
    last, before = time.monotonic(), 0

    def tell(besides: str | None) -> None:
        nonlocal last, before
        elapsed = time.monotonic() - last
        if elapsed < EVERY_S:
            return
        text = line("now", counts, counts.sent - before, elapsed)
        if total:
            text += f" | {counts.sent / total:.0%}"
        print(f"{text} | {besides}" if besides else text, flush=True)
        last, before = time.monotonic(), counts.sent

    yield tell


@contextmanager
def _drawn(counts: Counts, total: int | None, console: Console) -> Iterator[Tell]:
    columns = (
        (BarColumn(), MofNCompleteColumn(), TaskProgressColumn(), TimeRemainingColumn())
        if total
        else (SpinnerColumn(),)
    )
    last, before = time.monotonic(), 0
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        task = progress.add_task("", total=total)

        def tell(besides: str | None) -> None:
            nonlocal last, before
            elapsed = time.monotonic() - last
            if elapsed < DRAWN_EVERY_S:
                return
            rate = (counts.sent - before) / elapsed
            last, before = time.monotonic(), counts.sent
            text = f"{rate:,.0f}/s | {counts.told()}"
            if besides:
                text += f" | {besides}"
            progress.update(task, completed=counts.sent, description=text)

        yield tell
