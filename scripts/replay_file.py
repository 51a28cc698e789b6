"""Replays files to Kafka: ``python -m scripts.replay_file --help``."""

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from kafka.errors import KafkaError
from pydantic import ValidationError

from jobs.settings import Settings
from scripts.files.blocks import blocks
from scripts.files.errors import DeliveryError, FileError, StateError
from scripts.files.inputs import files_of, is_fix, opened
from scripts.files.integer_file import Scale
from scripts.files.merge import merged
from scripts.files.names import described
from scripts.files.replay import Choice, Replay
from scripts.files.state import Positions, default_path
from scripts.rerun import spans
from scripts.sources.pace import Pace
from scripts.sources.report import reporting
from scripts.sources.sender import sending
from scripts.sources.stopping import stopping
from scripts.stack.settings import StackSettings
from scripts.stack.topics import create_kept

MAX_PACKED = 5_000
PACED_BLOCK_MS = 100.0

HELP = f"""Replay files to Kafka, as a client like any other.

Trades in Parquet (.parquet), CSV (.csv, with a header) or NDJSON (.ndjson, .jsonl) go to the first
topic of trades; FIX (.fix, .log) goes to the first one of orders. A folder is read whole: what its
folders say as key=value (Hive) are columns of the rows. Several files are sent in one order of
event time, each of them in its own order. The record's key is the symbol, its timestamp the event
time.

\b
Columns of trades, the first that is there counts:
{described()}

Times are whole numbers of s, ms, us or ns, which the beginning of a file tells apart, or RFC 3339,
or Arrow's own timestamps; without a zone they are UTC. is_buyer_maker stands in for side: where it
is true, the taker sold. Other columns are not sent.

CSV of integers alone has the columns timestamp_us,instrument,side,price,quantity,trade_id in this
order, with or without this header: instrument counts --symbols from 0, side is 0 for buy and 1
for sell, price and quantity are scaled by --price-digits and --quantity-digits.

FIX ends its fields with SOH or |, one message a line or one after the other. What a line has before
its message is left out; a line without one is sent as it stands.

A row that is no valid trade is sent too, as the JSON that says the same, and a broken line of
NDJSON byte for byte: the pipeline makes dead letters of them.

Where a replay is stopped, the same command goes on: after Ctrl-C with the next row, after a crash
with at most a second of what was sent before. Once it is complete it sends nothing: --restart
begins anew.
"""


class Compression(StrEnum):
    """Of batches."""

    ZSTD = "zstd"
    GZIP = "gzip"
    NONE = "none"


def _time(text: str) -> int:
    try:
        return spans.time_ms(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _symbols(text: str | None) -> list[str]:
    symbols = text.split(",") if text is not None else []
    if "" in symbols or len(set(symbols)) < len(symbols):
        raise FileError(f"--symbols: expected different symbols with commas between, got {text}")
    return symbols


def replay_file(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES...", help="Files, and folders of them.", show_default=False),
    ],
    speed: Annotated[
        float,
        typer.Option(min=0, max=1e9, help="Times the recorded pace; 0 is as fast as it goes."),
    ] = 0.0,
    packed: Annotated[
        int,
        typer.Option(
            min=1,
            max=MAX_PACKED,
            help="Rows of a symbol in one message at most, of a second of event time.",
        ),
    ] = 1,
    topic: Annotated[
        str | None, typer.Option(help="Where to, instead of the job's.", show_default=False)
    ] = None,
    bootstrap_servers: Annotated[
        str | None, typer.Option(help="Kafka brokers, instead of the job's.", show_default=False)
    ] = None,
    from_: Annotated[
        int | None,
        typer.Option(
            "--from",
            parser=_time,
            metavar="TIME",
            help="The first event time that is sent: 2026-01-01T12:00:00Z, or ms.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        int | None,
        typer.Option(
            "--to",
            parser=_time,
            metavar="TIME",
            help="The end of event times, exclusive.",
            show_default=False,
        ),
    ] = None,
    partitions: Annotated[
        int, typer.Option(min=1, help="Of the topic, if it does not exist yet.")
    ] = 3,
    compression: Annotated[Compression, typer.Option(help="Of batches.")] = Compression.ZSTD,
    symbols: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Of a CSV of integers.", show_default=False),
    ] = None,
    price_digits: Annotated[
        int, typer.Option(min=0, max=18, help="Decimals of its prices.")
    ] = Scale.price_digits,
    quantity_digits: Annotated[
        int, typer.Option(min=0, max=18, help="Decimals of its quantities.")
    ] = Scale.quantity_digits,
    state: Annotated[
        Path | None,
        typer.Option(
            help="File that says how far it is. If not given, one for these files and this topic "
            "in the folder replays of TAPELINE_HOME.",
            show_default=False,
        ),
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew.")] = False,
) -> None:
    """Run until all is sent or a signal comes; exit with 1 if a message failed."""
    settings = Settings()
    servers = bootstrap_servers or settings.bootstrap_servers
    found = files_of(files)
    of_fix = is_fix(found)
    if topic is None:
        topics = settings.orders_topics if of_fix else settings.trades_topics
        if not topics:
            raise FileError("there is no topic of orders: give --topic")
        topic = topics[0]
    target: dict[str, str | int | None] = {
        **{"servers": servers, "topic": topic, "from_ms": from_, "to_ms": to},
        **{"symbols": symbols, "price_digits": price_digits, "quantity_digits": quantity_digits},
    }
    state = state or default_path(StackSettings().home, target, files)
    positions = Positions(state, target, found, restart)
    latest_ms = int(time.time() * 1_000) + settings.max_ahead_ms
    scale = Scale(_symbols(symbols), price_digits, quantity_digits)
    rows = merged([opened(path, scale, latest_ms) for path in found], positions.starts)
    create_kept(servers, [topic], partitions)
    if positions.rows:
        print(f"goes on behind {positions.rows:,} rows that were sent before ({state})", flush=True)
    packing = None if compression is Compression.NONE else compression.value
    choice = Choice(from_, to, packed, b"" if of_fix else b"\n")
    with stopping() as stop:
        with sending(servers, topic, packing, stop) as sender, reporting(sender) as tell:
            replay = Replay(sender, positions, choice, stop)
            replay.run(blocks(rows, PACED_BLOCK_MS * speed), Pace(speed, stop), tell)
        print(f"rows: {replay.told()}", flush=True)
        if stop.is_set():
            print("stopped: the same command goes on from here", flush=True)
    if sender.failed:
        raise typer.Exit(1)


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command(help=HELP, no_args_is_help=True)(replay_file)


def main() -> None:
    """Run it; what a person can act on is said without a traceback, bad input with code 2."""
    try:
        app(prog_name="replay_file")
    except (FileError, StateError, ValidationError) as error:
        print(f"replay_file: {error}", file=sys.stderr)
        sys.exit(2)
    except (DeliveryError, KafkaError, OSError) as error:
        print(f"replay_file: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
