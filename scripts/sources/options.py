"""Options that the commands of all sources have."""

from enum import StrEnum
from typing import Annotated

import typer

from scripts.rerun.spans import time_ms


class Compression(StrEnum):
    """Of batches."""

    ZSTD = "zstd"
    GZIP = "gzip"
    NONE = "none"


BootstrapServers = Annotated[
    str | None, typer.Option(help="Kafka brokers; the job's if not given.", show_default=False)
]
Topic = Annotated[
    str | None, typer.Option(help="Where to; the job's first if not given.", show_default=False)
]
Partitions = Annotated[int, typer.Option(min=1, help="Of the topic, if it does not exist yet.")]
Batches = Annotated[Compression, typer.Option("--compression", help="Of what goes to Kafka.")]


def moment(text: str) -> int:
    """A time, as ms since 1970."""
    try:
        return time_ms(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
