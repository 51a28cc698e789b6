"""What a source says while it sends: a line that moves on a terminal, or one now and then."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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

from scripts.sources.sender import Sender

EVERY_S = 5.0
DRAWN_EVERY_S = 0.2

Tell = Callable[[str | None], None]
"""To be called often; what it is given is said besides the counts."""


@contextmanager
def reporting(sender: Sender, total: int | None = None) -> Iterator[Tell]:
    """Tell on the way how far a source is, and its totals at the end.

    Args:
        sender: What it sends with.
        total: How many trades or messages it will send, if that is known.
    """
    started = time.monotonic()
    console = Console()
    try:
        with (_drawn if console.is_terminal else _written)(sender, total, console) as tell:
            yield tell
    finally:
        print(line("total", sender, sender.sent, time.monotonic() - started), flush=True)
        if sender.unacknowledged:
            print(
                f"{sender.unacknowledged:,} messages were not acknowledged: the broker may have "
                "them or not",
                file=sys.stderr,
            )
        if sender.failed:
            print(
                f"{sender.failed:,} messages failed, the last one: {sender.error!r}",
                file=sys.stderr,
            )


def line(title: str, sender: Sender, sent: int, seconds: float) -> str:
    """Its counts, and how many a second it has sent."""
    return (
        f"{title}: {sent / max(seconds, 1e-9):,.0f} records/s | {sender.sent:,} records in "
        f"{sender.messages:,} messages, {sender.acknowledged:,} acknowledged, "
        f"{sender.failed:,} failed"
    )


@contextmanager
def _written(sender: Sender, total: int | None, _: Console) -> Iterator[Tell]:
    last, before = time.monotonic(), 0

    def tell(besides: str | None) -> None:
        nonlocal last, before
        elapsed = time.monotonic() - last
        if elapsed < EVERY_S:
            return
        text = line("now", sender, sender.sent - before, elapsed)
        if total:
            text += f" | {sender.sent / total:.0%}"
        print(f"{text} | {besides}" if besides else text, flush=True)
        last, before = time.monotonic(), sender.sent

    yield tell


@contextmanager
def _drawn(sender: Sender, total: int | None, console: Console) -> Iterator[Tell]:
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
            rate = (sender.sent - before) / elapsed
            last, before = time.monotonic(), sender.sent
            text = f"{rate:,.0f}/s, {sender.acknowledged:,} acknowledged"
            if sender.failed:
                text += f", {sender.failed:,} failed"
            if besides:
                text += f" | {besides}"
            progress.update(task, completed=sender.sent, description=text)

        yield tell
