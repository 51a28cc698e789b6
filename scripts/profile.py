"""The quality of recorded trades: ``python -m scripts.profile --help``."""

import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated

import msgspec
import typer
from kafka.errors import KafkaError
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from jobs.settings import Settings
from scripts.profiling import page, summary
from scripts.profiling.files import Files
from scripts.profiling.piece import Input
from scripts.profiling.profile import profile
from scripts.profiling.terms import ProfileError, Terms
from scripts.profiling.topic import Topic
from scripts.rerun.spans import duration_ms, time_ms

TOPIC = "topic:"
Tell = Callable[[str, float], None]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
def run(
    source: Annotated[
        str,
        typer.Argument(
            help="A file (Parquet, CSV, NDJSON), a folder or pattern of such, or topic:NAME."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder of what comes out; profile-<name> if absent.")
    ] = None,
    gaps: Annotated[
        str | None, typer.Option(help="Lengths of gaps, as 500ms,5s,30s; the settings' if absent.")
    ] = None,
    fat_finger_percent: Annotated[
        float | None,
        typer.Option(help="How far a price may be from the mean; the settings' if absent."),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(help="Trades that one is held against; the settings' if absent."),
    ] = None,
    symbols: Annotated[str | None, typer.Option(help="Only these: BTCUSDT,ETHUSDT.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Only trades since 2026-01-01T12:00:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Only trades before it.")] = None,
    keep_outliers: Annotated[
        bool, typer.Option("--keep-outliers", help="Leave fat fingers in cleaned.parquet.")
    ] = False,
    memory: Annotated[str, typer.Option(help="That DuckDB may take before it spills.")] = "1GB",
    bootstrap_servers: Annotated[
        str | None, typer.Option(help="Kafka brokers; the settings' if absent.")
    ] = None,
) -> None:
    """Report gaps, prices far off, duplicates, disorder and rejects of recorded trades.

    What each of these is the job's settings (TAPELINE_...) say, as they do to the job. Rows are
    cleaned and removed into files of their own, which add up.
    """
    given = {
        "bootstrap_servers": bootstrap_servers,
        "fat_finger_percent": fat_finger_percent,
        "z_window": window,
        "gaps_ms": gaps and ",".join(str(duration_ms(each)) for each in gaps.split(",")),
    }
    settings = settings_with({name: value for name, value in given.items() if value is not None})
    from_ms, to_ms = (None if text is None else time_ms(text) for text in (since, until))
    if from_ms is not None and to_ms is not None and from_ms >= to_ms:
        raise ProfileError(f"--to must be after --from, got {since} and {until}")
    terms = replace(
        terms_of(settings),
        symbols=frozenset(filter(None, (symbols or "").split(","))),
        from_ms=from_ms,
        to_ms=to_ms,
        keep_outliers=keep_outliers,
        memory=memory,
    )
    read = opened(source, settings)
    out = out or Path(f"profile-{short(source)}")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProfileError(f"expected a folder for the report: {error}") from error
    started = time.monotonic()
    signal.signal(signal.SIGTERM, _interrupt)
    with (
        tempfile.TemporaryDirectory(prefix="tapeline-profile-") as scratch,
        telling(read.total) as tell,
    ):
        made = profile(read, terms, out, Path(scratch), tell)
        tell("report.html", 0.0)
        (out / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(made.report)))
        (out / "report.html").write_text(page.render(made.report, made.drawn), "utf-8")
    summary.show(made.report, out, time.monotonic() - started)


def settings_with(given: dict[str, object]) -> Settings:
    """The job's settings, with some of its values given.

    Raises:
        ValidationError: One is wrong.
    """
    settings = Settings()
    least = min(settings.z_least, int(str(given.get("z_window", settings.z_window))))
    return Settings(**{**given, "z_least": max(least, 2)})  # type: ignore[arg-type]


def terms_of(settings: Settings) -> Terms:
    """What the job's settings say of a profile."""
    return Terms(
        scores=settings.scores,
        duplicates_ms=settings.duplicate_ttl_ms,
        delay_ms=settings.watermark_delay_ms,
        max_ahead_ms=settings.max_ahead_ms,
    )


def opened(source: str, settings: Settings) -> Input:
    """The input of this name.

    Raises:
        ProfileError: There is none.
        KafkaError: Kafka does not answer.
    """
    if source.startswith(TOPIC):
        return Topic(source.removeprefix(TOPIC), settings)
    return Files(source, int(time.time() * 1_000) + settings.max_ahead_ms)


def short(source: str) -> str:
    """A name for the folder of a report: of the file or topic, in harmless letters."""
    name = source.removeprefix(TOPIC).rstrip("/").rpartition("/")[2]
    stem = name.partition(".")[0] or name
    return "".join(each if each.isalnum() or each in "-_" else "-" for each in stem)


@contextmanager
def telling(total: float) -> Iterator[Tell]:
    """Shows the steps, and while the input is read how much of it was."""
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    console = Console(stderr=True)
    hidden = not console.is_terminal
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=hidden
    ) as progress:
        task = progress.add_task("reading", total=total or None)

        def tell(step: str, read: float) -> None:
            progress.update(task, description=step, advance=read)

        yield tell


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM leaves nothing behind either."""
    raise KeyboardInterrupt


def main() -> None:
    """Run it; bad input is a line and exit code 2."""
    try:
        app(prog_name="profile")
    except KafkaError as error:
        fail(f"Kafka does not answer: {error}")
    except ValidationError as error:
        fail("; ".join(f"{each['loc'][0]}: {each['msg']}" for each in error.errors()))
    except (ProfileError, ValueError) as error:
        fail(str(error))


def fail(text: str) -> None:
    """End with what is wrong."""
    print(f"profile: {text}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
