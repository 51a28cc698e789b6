"""Replays files to Kafka: ``python -m scripts.replay_file --help``."""

import time
from pathlib import Path
from typing import Annotated

import typer

from jobs.settings import Settings
from scripts.files.blocks import blocks
from scripts.files.errors import FileError
from scripts.files.inputs import files_of, is_fix, opened
from scripts.files.integer_file import Scale
from scripts.files.merge import merged
from scripts.files.names import described
from scripts.files.replay import Choice, Replay
from scripts.files.state import Positions, default_path
from scripts.sources.amounts import MAX_PACKED
from scripts.sources.command import application, run
from scripts.sources.options import (
    Batches,
    BootstrapServers,
    Compression,
    Partitions,
    Topic,
    moment,
)
from scripts.sources.pace import Pace
from scripts.sources.place import Place
from scripts.sources.preparing import prepare
from scripts.sources.report import reporting
from scripts.sources.sender import sending
from scripts.sources.stopping import stopping
from scripts.stack.settings import StackSettings

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
    topic: Topic = None,
    bootstrap_servers: BootstrapServers = None,
    from_: Annotated[
        int | None,
        typer.Option(
            "--from",
            parser=moment,
            metavar="TIME",
            help="The first event time that is sent: 2026-01-01T12:00:00Z, or ms.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        int | None,
        typer.Option(
            "--to",
            parser=moment,
            metavar="TIME",
            help="The end of event times, exclusive.",
            show_default=False,
        ),
    ] = None,
    partitions: Partitions = 3,
    compression: Batches = Compression.ZSTD,
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
    found = files_of(files)
    of_fix = is_fix(found)
    place = Place.chosen(bootstrap_servers, topic, partitions, compression, orders=of_fix)
    target: dict[str, str | int | None] = {
        **{"servers": place.bootstrap_servers, "topic": place.topic},
        **{"from_ms": from_, "to_ms": to},
        **{"symbols": symbols, "price_digits": price_digits, "quantity_digits": quantity_digits},
    }
    state = state or default_path(StackSettings().home, target, files)
    positions = Positions(state, target, found, restart)
    latest_ms = int(time.time() * 1_000) + Settings().max_ahead_ms
    scale = Scale(_symbols(symbols), price_digits, quantity_digits)
    rows = merged([opened(path, scale, latest_ms) for path in found], positions.starts)
    prepare(place)
    if positions.rows:
        print(f"goes on behind {positions.rows:,} rows that were sent before ({state})", flush=True)
    choice = Choice(from_, to, packed, b"" if of_fix else b"\n")
    with stopping() as stop:
        with sending(place, stop) as sender, reporting(sender) as tell:
            replay = Replay(sender, positions, choice, stop)
            replay.run(blocks(rows, PACED_BLOCK_MS * speed), Pace(speed, stop), tell)
        print(f"rows: {replay.told()}", flush=True)
        if stop.is_set():
            print("stopped: the same command goes on from here", flush=True)
    if sender.failed:
        raise typer.Exit(1)


app = application(replay_file, HELP)

if __name__ == "__main__":
    run(app, "replay_file")
