"""How fast the made-up market is, whether it holds its pace, and what chaos costs the job.

``python -m scripts.bench.sources``
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
from numpy.typing import NDArray

from scripts.bench import results
from scripts.bench.drain import EMPTY, MARKET, Bench, Input, twice
from scripts.bench.drain import Run as Drained
from scripts.generate.feed import Feed, Maker
from scripts.generate.manifest import Manifest
from scripts.generate.outs import FILES
from scripts.generate.run import Run
from scripts.sources.place import Place
from scripts.sources.sender import sending
from scripts.stack import topics

PACKED = 100
SHARE = 0.05
PACED = Feed(rate=100, packed=10, block_s=2.5, count=200_000)
SPEED = 50.0


def main() -> None:
    """Measures and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--made", type=int, default=5_000_000, help="trades made")
    parser.add_argument("--drained", type=int, default=10_000_000, help="trades drained")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapeline-bench-") as home, Bench(Path(home)) as bench:
        rates: dict[str, list[float]] = defaultdict(list)
        for _ in range(options.rounds):
            for name, rate in makers(bench, Path(home)).items():
                rates[name].append(rate(options.made))
        made = [
            f"| {name} | {', '.join(f'{each:,.0f}' for each in of_name)} |"
            for name, of_name in rates.items()
        ]
        held = pace(bench)
        drains = drain(bench, options.drained, options.rounds)
    results.write(
        "Sources",
        f"```\npython -m scripts.bench.sources --made {options.made} --drained {options.drained} "
        f"--rounds {options.rounds}\n```\n\nThe made-up market, trades a second, each round:\n\n"
        "| to | trades/s |\n| --- | --- |\n" + "\n".join(made) + "\n\n"
        f"`--speed {SPEED:g}` of {PACED.rate:g} trades/s: {held:.2%} of the pace was held.\n\n"
        f"What chaos costs: trades packed by {PACKED} drained by the job, clean ones and with "
        f"`--chaos {SHARE:.0%}`, each twice in a round, one first and last; every record is "
        "where the manifest says. In the first round the JVM still compiles.\n\n"
        "| round | clean, records/s | chaos, records/s | share | share, by CPU time |\n"
        "| --- | --- | --- | --- | --- |\n" + "\n".join(drains),
    )


def makers(bench: Bench, home: Path) -> dict[str, Callable[[int], float]]:
    """Trades a second of a run of so many, by where they go."""

    def to_file(form: str) -> Callable[[int], float]:
        def rate(count: int) -> float:
            path = home / f"made.{form}"
            started = time.perf_counter()
            run = run_of(Feed(count=count))
            run.to_file(FILES[form], path)
            rate = run.manifest.records / (time.perf_counter() - started)
            path.unlink()
            return rate

        return rate

    def to_kafka(feed: Feed, part: int = 1) -> Callable[[int], float]:
        def rate(count: int) -> float:
            started = time.perf_counter()
            run = send(bench, replace(feed, count=count // part))
            return run.manifest.records / (time.perf_counter() - started)

        return rate

    clean = Feed(packed=PACKED)
    wild = replace(clean, chaos=SHARE, oversized=True, partitions=4)
    return {
        **{form: to_file(form) for form in FILES},
        f"Kafka, {PACKED} a message": to_kafka(clean),
        f"Kafka, {PACKED} a message, chaos": to_kafka(wild),
        "Kafka, one a message": to_kafka(Feed(), 20),
    }


def pace(bench: Bench) -> float:
    """The share of a pace that is held."""
    return send(bench, PACED, SPEED).held or 0.0


def drain(bench: Bench, count: int, rounds: int) -> list[str]:
    """Drains with and without chaos: a row each round, and one of all on a warm JVM together."""
    clean = Feed(count=count, rate=10_000, block_s=60, packed=PACKED)
    wild = replace(clean, chaos=SHARE)
    inputs = {feed: bench.fill(f"drained-{feed.chaos:g}", feed) for feed in (clean, wild)}
    bench.broker.create_topics(EMPTY, partitions=4)
    manifest = counted(wild)
    records = np.array([2 * inputs[feed].records for feed in inputs])
    rows, warm = [], np.zeros((2, 2))
    for number in range(1, rounds + 1):
        empty = np.min([spent(bench.drain(MARKET, Input(EMPTY))) for _ in range(2)], axis=0)
        cost = {feed: np.zeros(2) for feed in inputs}
        for feed in twice(clean, wild, is_forth=number % 2 == 1):
            ran = bench.drain(MARKET, inputs[feed])
            cost[feed] += spent(ran) - empty
            if feed.chaos:
                prove(bench, ran.topics, manifest)
        of_both = np.array([*cost.values()])
        warm += of_both if number > 1 else 0
        rows.append(_row(str(number), records, of_both))
        print(rows[-1], flush=True)
    if rounds > 1:
        rows.append(_row(f"2 to {rounds}", (rounds - 1) * records, warm))
    return rows


def _row(name: str, records: NDArray[np.int64], cost: NDArray[np.float64]) -> str:
    """What so many records, clean ones and with chaos, (2,), took, (2,) of each as in ``spent``."""
    of_clean, of_wild = records[:, None] / cost
    share, of_cpu = of_wild / of_clean
    return f"| {name} | {of_clean[0]:,.0f} | {of_wild[0]:,.0f} | {share:.2f} | {of_cpu:.2f} |"


def spent(run: Drained) -> NDArray[np.float64]:
    """(2,) the seconds of a run, and those of CPU time of all its processes."""
    return np.array([run.seconds, sum(run.cpu.values())])


def counted(feed: Feed) -> Manifest:
    """What is in a feed."""
    maker, manifest = Maker(feed), Manifest({})
    names = [each.symbol for each in maker.instruments]
    for block in maker.blocks():
        manifest.add(block, maker.faults(block), names)
    return manifest


def prove(bench: Bench, outputs: dict[str, str], manifest: Manifest) -> None:
    """Hold what came out against what went in.

    Raises:
        SystemExit: It is not the same.
    """
    candles = bench.trades_of(outputs["candles"])
    with topics.consumer(bench.broker.bootstrap_servers) as kafka:
        held = topics.counts(kafka, [outputs["late_trades"], outputs["dead_letters"]])
    late, rejected = held.values()
    expected = manifest.trades, sum(manifest.rejected.values())
    if (candles + late, rejected) != expected:
        raise SystemExit(f"expected {expected}, got {candles:,} + {late:,}, {rejected:,}")


def run_of(feed: Feed, speed: float = 0.0) -> Run:
    """A run without a manifest's file."""
    return Run(feed, realtime=False, speed=speed, manifest=None, stop=Event())


def send(bench: Bench, feed: Feed, speed: float = 0.0) -> Run:
    """Send a feed to a topic of its own."""
    topic, run = f"made-{time.time_ns()}", run_of(feed, speed)
    bench.broker.create_topics(topic, partitions=4, config={"retention.ms": "-1"})
    with sending(Place(bench.broker.bootstrap_servers, topic), Event()) as sender:
        run.to_topic(sender, None)
    return run


if __name__ == "__main__":
    main()
