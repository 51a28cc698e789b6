"""Options that the commands of all sources have."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, TypeVar

import typer

from scripts.rerun.spans import time_ms
from scripts.sources import amounts

T = TypeVar("T")


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


def parser(read: Callable[[str], T]) -> Callable[[object], T]:
    """What reads an option, and says of what it cannot read what it expects.

    It is given the default too, which is no text.
    """

    def parse(given: object) -> T:
        try:
            return read(str(given))
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    return parse


moment = parser(time_ms)
share = parser(amounts.share)
