"""A made-up market, to Kafka or to a file: ``python -m scripts.simulate --help``.

python -m scripts.simulate                                   2 million trades, to Kafka
python -m scripts.simulate --realtime --infinite --chaos 5%  for ever, and a twentieth wrong
python -m scripts.simulate --speed 50 --packed 100           fifty times as fast as it happened
python -m scripts.simulate --preset l3-large                 5.7 million messages of FIX
python -m scripts.simulate --out parquet --count 10000000    to a file
"""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scripts.generate import orders
from scripts.generate.faults import Form
from scripts.generate.feed import MAX_SYMBOLS, Feed
from scripts.generate.outs import FILES
from scripts.generate.run import Run
from scripts.sources.amounts import MAX_PACKED
from scripts.sources.command import application, run
from scripts.sources.options import (
    Batches,
    BootstrapServers,
    Compression,
    Partitions,
    Topic,
    moment,
    share,
)
from scripts.sources.place import Place
from scripts.sources.preparing import prepare
from scripts.sources.sender import sending
from scripts.sources.stopping import stopping
from scripts.stack import topics

PACED_BLOCK_S = 0.05


class To(StrEnum):
    """Where the market goes."""

    KAFKA = "kafka"
    PARQUET = "parquet"
    NDJSON = "ndjson"
    CSV = "csv"


FORMS: dict[To, Form] = {
    To.KAFKA: "messages",
    To.NDJSON: "lines",
    To.PARQUET: "columns",
    To.CSV: "columns",
}


class Preset(StrEnum):
    """What is made, and how much."""

    TRADES = "trades"
    L3_SMALL = "l3-small"
    L3_MEDIUM = "l3-medium"
    L3_LARGE = "l3-large"


COUNTS = {
    Preset.TRADES: 2_000_000,
    Preset.L3_SMALL: 57_000,
    Preset.L3_MEDIUM: 570_000,
    Preset.L3_LARGE: 5_700_000,
}
L3_MIX = orders.Mix(98, 2)


def simulate(
    preset: Annotated[
        Preset, typer.Option(help="Trades, or 98 messages of FIX about orders to 2 about trades.")
    ] = Preset.TRADES,
    count: Annotated[
        int | None,
        typer.Option(min=1, help="Records in all; with --infinite, in a cycle. The preset's."),
    ] = None,
    infinite: Annotated[
        bool,
        typer.Option("--infinite", help="Go on for ever: each cycle begins at prices of its own."),
    ] = False,
    rate: Annotated[
        float, typer.Option(min=0.001, max=1e9, help="Records a second of event time.")
    ] = Feed.rate,
    realtime: Annotated[
        bool, typer.Option("--realtime", help="Send at that rate, with the time of the clock.")
    ] = False,
    speed: Annotated[
        float, typer.Option(min=0, help="Times as fast as event time; 0 is as fast as can be.")
    ] = 0.0,
    start: Annotated[
        int | None,
        typer.Option(
            parser=moment, metavar="TIME", help="Event time of the first: 2026-01-01T00:00:00Z."
        ),
    ] = None,
    symbols: Annotated[
        int, typer.Option(min=1, max=MAX_SYMBOLS, help="Instruments that trade.")
    ] = Feed.symbols,
    packed: Annotated[int, typer.Option(min=1, max=MAX_PACKED, help="Records in one message.")] = 1,
    chaos: Annotated[
        float, typer.Option(parser=share, metavar="SHARE", help="Disturbed records: 5%.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is random.")] = Feed.seed,
    out: Annotated[To, typer.Option(help="Where it goes.")] = To.KAFKA,
    path: Annotated[Path | None, typer.Option(help="Of the file; simulated.<out>.")] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(help="File for the counts of what was made; beside a file, its own."),
    ] = None,
    bootstrap_servers: BootstrapServers = None,
    topic: Topic = None,
    partitions: Partitions = 3,
    compression: Batches = Compression.ZSTD,
) -> None:
    """Make a market, trades or orders, and count all that is made."""
    if realtime and (speed or start is not None):
        raise typer.BadParameter("--realtime has the time and the speed of the clock")
    is_orders = preset is not Preset.TRADES
    if is_orders and out is not To.KAFKA:
        raise typer.BadParameter("--preset: messages of FIX go to Kafka only")
    cycle = count or COUNTS[preset]
    feed = Feed(
        seed=seed,
        symbols=symbols,
        rate=rate,
        start_ms=Feed.start_ms if start is None else start,
        count=None if infinite else cycle,
        cycle=cycle if infinite else None,
        packed=packed,
        bad=chaos if is_orders else 0.0,
        chaos=0.0 if is_orders else chaos,
        form=FORMS[out],
        # A broker takes them only as they are compressed.
        oversized=bool(chaos) and out is To.KAFKA and compression is not Compression.NONE,
        seasonal=not realtime,
        block_s=PACED_BLOCK_S * (speed or 1.0) if realtime or speed else Feed.block_s,
    )
    with stopping() as stop:
        if out in FILES:
            path = path or Path(f"simulated.{out}")
            manifest = manifest or path.with_name(path.name + ".manifest.json")
            market = Run(feed, realtime=realtime, speed=speed, manifest=manifest, stop=stop)
            market.to_file(FILES[out], path)
            return
        place = Place.chosen(bootstrap_servers, topic, partitions, compression, orders=is_orders)
        prepare(place)
        with topics.consumer(place.bootstrap_servers) as kafka:
            feed = replace(feed, partitions=len(topics.partitions(kafka, [place.topic])))
        market = Run(feed, realtime=realtime, speed=speed, manifest=manifest, stop=stop)
        with sending(place, stop) as sender:
            market.to_topic(sender, L3_MIX if is_orders else None)
        if sender.failed or sender.unacknowledged:
            raise typer.Exit(1)


app = application(simulate)

if __name__ == "__main__":
    run(app, "simulate")
