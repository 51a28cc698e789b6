"""Sends a made-up market to Kafka: ``python -m scripts.generator --rate 1000``."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Event

from jobs.settings import Settings
from scripts.generate import orders
from scripts.generate.clock import steady, wall
from scripts.generate.feed import MAX_SYMBOLS, Feed, blocks
from scripts.generate.messages import Message
from scripts.generate.shocks import Shock
from scripts.sources.amounts import MAX_PACKED, share
from scripts.sources.pace import Pace, every
from scripts.sources.place import Place
from scripts.sources.report import Tell, reporting
from scripts.sources.sender import Sender, sending
from scripts.sources.stopping import stopping

PACED_BLOCK_S = 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until the count is reached or a signal comes; return 1 if a message failed."""
    chosen = options(arguments)
    feed = Feed(
        seed=chosen.seed,
        symbols=chosen.symbols,
        rate=chosen.event_rate or chosen.rate or Feed.rate,
        start_ms=chosen.start_ms or 0,
        count=chosen.count,
        bad=chosen.bad,
        packed=chosen.packed,
        disorder_ms=chosen.disorder_ms,
        oversized=chosen.oversized,
        inject=chosen.inject,
        inject_sigma=chosen.inject_sigma,
        block_s=PACED_BLOCK_S if chosen.rate else Feed.block_s,
    )
    clock = wall(time.time) if chosen.start_ms is None else steady(feed.start_ms, feed.rate)
    compression = None if chosen.compression == "none" else chosen.compression
    place = Place(chosen.bootstrap_servers, chosen.topic, compression=compression)
    if chosen.orders:
        made = orders.blocks(feed, chosen.mix, clock)
    else:
        made = blocks(feed, clock, truth_writer(chosen.truth) if chosen.truth else None)
    with (
        stopping() as stop,
        sending(place, stop) as sender,
        reporting(sender, feed.count) as tell,
    ):
        run(made, sender, 1_000 * feed.block / chosen.rate if chosen.rate else 0.0, stop, tell)
        sender.settle()
    return 1 if sender.failed else 0


def run(
    made: Iterable[list[Message]],
    sender: Sender,
    block_ms: float,
    stop: Event,
    tell: Tell = lambda besides: None,
) -> None:
    """Send block after block, each when it is due, until there are no more or ``stop`` is set."""
    pace = Pace(1.0 if block_ms else 0.0, stop)
    for block in every(made, pace, block_ms):
        sender.send(block)
        tell(pace.trouble())


def truth_writer(path: Path) -> Callable[[list[Shock]], None]:
    """Writes shocks to a file, as they are sent."""
    path.write_text("")

    def write(shocks: list[Shock]) -> None:
        with path.open("a") as file:
            file.writelines(json.dumps(shock._asdict()) + "\n" for shock in shocks)

    return write


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; what is wrong with it ends the program with a message."""
    settings = Settings()
    parser = argparse.ArgumentParser(
        prog="generator",
        description="Send a made-up market's trades to Kafka, or its orders.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--bootstrap-servers", default=settings.bootstrap_servers, help="Kafka brokers")
    add("--topic", help="where to; the job's first of trades or of orders if not given")
    add("--orders", action="store_true", help="send FIX messages of orders instead of trades")
    add("--mix", type=_mix, default="98:2", help="of orders: messages of orders to those of trades")
    add("--compression", choices=("zstd", "gzip", "none"), default="zstd", help="of batches")
    add("--rate", type=_rate, default=Feed.rate, help="records per second; 0 is all it can")
    add("--count", type=_Whole(1), help="how many records; endless if not given")
    add("--symbols", type=_Whole(1, MAX_SYMBOLS), default=Feed.symbols, help="instruments")
    add("--packed", type=_Whole(1, MAX_PACKED), default=1, help="records in one message")
    add("--bad", type=_share, default=0.0, help="share of broken records, 0.01 or 1%%")
    add(
        "--oversized",
        action="store_true",
        help="also make messages over 1 MiB; a broker by default takes them only compressed",
    )
    add("--disorder-ms", type=_Whole(0), default=0, help="how far event times fall behind")
    add("--start-ms", type=_Whole(0), help="event time of the first trade; the clock if not given")
    add("--event-rate", type=_rate, help="trades per second of event time; --rate if not given")
    add(
        "--inject",
        type=_share,
        default=0.0,
        help="share of shocks, 0.001 or 0.1%%",
    )
    add(
        "--inject-sigma",
        type=float,
        default=Feed.inject_sigma,
        help="how far they stand out at least",
    )
    add("--truth", type=Path, help="file for what was injected, a JSON object a line")
    add("--seed", type=_Whole(0), default=Feed.seed, help="of everything random")
    chosen = parser.parse_args(arguments)
    if chosen.inject and (chosen.orders or chosen.disorder_ms or chosen.bad):
        # What a trade stands out from must be what is sent before it.
        parser.error("--inject: not with --orders, --disorder-ms or --bad")
    topics = settings.orders_topics if chosen.orders else settings.trades_topics
    if not (chosen.topic or topics):
        parser.error("--orders: there is no topic of orders: give --topic")
    chosen.topic = chosen.topic or topics[0]
    return chosen


def _mix(text: str) -> orders.Mix:
    first, _, second = text.partition(":")
    if not (first.isdigit() and second.isdigit() and int(first) > 0):
        raise argparse.ArgumentTypeError(f"{text} is no mix: give two whole numbers, as 98:2")
    return orders.Mix(int(first), int(second))


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 <= rate <= 1e9:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and a billion a second")
    return rate


def _share(text: str) -> float:
    try:
        return share(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


class _Whole:
    """Argument type: a whole number within bounds."""

    def __init__(self, least: int, most: int | None = None) -> None:
        self._least, self._most = least, most

    def __call__(self, text: str) -> int:
        number = int(text)
        if number < self._least or (self._most is not None and number > self._most):
            most = "" if self._most is None else f" and at most {self._most:,}"
            raise argparse.ArgumentTypeError(f"{text} is not at least {self._least:,}{most}")
        return number


if __name__ == "__main__":
    sys.exit(main())
