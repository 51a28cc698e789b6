"""Sending a file of trades."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ..answers import Job
from .context import access, line, stderr, stdout
from .texts import number, safe

SHOWN = 10  # rejected rows


def upload(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, readable=True,
            help="CSV, NDJSON (both also as .gz) or Parquet.",
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="The job as a line of JSON.")] = False,
) -> None:  # fmt: skip
    """Send a file of trades, and wait until the broker has them.

    Exit code 1 if a row was rejected, or not all were read.
    """
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    )  # fmt: skip
    progress = Progress(*columns, console=stderr, transient=True)
    with access(context).client() as client, progress:
        task = progress.add_task(file.name, total=None)
        job = client.upload(
            file, lambda sent, size: progress.update(task, completed=sent, total=size)
        )
        progress.update(task, description="waiting for the broker")
        job = client.finished(job)
    line(job) if json else _print(job)
    if job.state != "done" or job.rejected:
        raise typer.Exit(1)


def _print(job: Job) -> None:
    console = stdout()
    counts = ", ".join(
        f"{number(getattr(job, name))} {name.replace('_', ' ')}"
        for name in ("published", "rejected", "filtered", "in_flight")
    )
    console.print(f"{job.state}: {number(job.rows)} rows, {counts}")
    if job.error:
        console.print(safe(job.error))
    for reason, count in job.reasons.items():
        console.print(f"  {reason}: {number(count)}")
    for each in job.rejects[:SHOWN]:
        console.print(f"  row {each.row}: {safe(each.detail)}")
    if len(job.rejects) > SHOWN:
        console.print(f"  more at /api/jobs/{job.id}")
