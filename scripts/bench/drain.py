"""How fast the job drains a topic, against plain Flink SQL on the same cluster, in one run.

    python -m scripts.bench.drain --trades 12000000 --packed-trades 20000000

It starts a broker and a cluster of its own, fills a topic with single trades and two with packed
ones (5% of them broken, and none), and two with FIX messages about orders, single and packed; and
drains them with bounded jobs, several times, in turn. What an empty topic takes (planning, starting
workers, loading kernels) is measured in each round and taken off. Every run of the job is proved:
each valid trade is in one candle, each request in one order flow, each broken record in a dead
letter, none is late. The figures go to ``scripts/bench/results.md``.
"""

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import TypeVar

import psutil

from jobs.settings import OUTPUTS
from scripts.bench import results
from scripts.generate import orders
from scripts.generate.feed import Feed, blocks
from scripts.generate.messages import Message
from scripts.stack import topics
from scripts.stack.broker import Broker
from scripts.stack.flink import FlinkCluster
from scripts.stack.paths import ROOT
from scripts.stack.ports import free_port
from scripts.stack.waiting import wait_until

MARKET = ROOT / "jobs" / "market.py"
BASELINE = ROOT / "scripts" / "bench" / "baseline.py"
T = TypeVar("T")
MIX = orders.Mix(98, 2)
REQUESTS, FILLS = (
    (b"\x0135=D\x01", b"\x0135=F\x01", b"\x0135=G\x01"),
    (b"\x01150=1\x01", b"\x01150=2\x01"),
)
COUNTED = [
    f"{side}_{kind}"
    for side, kind in itertools.product(("buy", "sell"), ("orders", "cancels", "replaces"))
]
EMPTY = "empty"
OURS, RIVAL = "Tapeline, single", "plain Flink SQL, single"
ALONE = ", no analytics"
"""Behind the name of a run of candles alone."""
RIVAL_BY_TIME = f"{RIVAL}, open and close by event time"


@dataclass
class Input:
    """A filled topic."""

    topic: str
    records: int = 0
    trades: int = 0
    rejected: int = 0
    requests: int = 0
    """Messages of FIX that ask for something: of types D, F and G."""
    is_fix: bool = False


@dataclass
class Run:
    """What one drain took."""

    seconds: float
    cpu: dict[str, float]
    memory: dict[str, float]
    proof: str = ""
    topics: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One drain of a round."""

    round: int
    name: str
    source: Input
    run: Run
    empty: float
    """Seconds that the job takes for nothing."""

    @property
    def seconds(self) -> float:
        """Seconds that it takes for the records."""
        return self.run.seconds - self.empty

    @property
    def rate(self) -> float:
        """Records per second."""
        return self.source.records / self.seconds


class Bench:
    """A broker, a cluster, and jobs drained on them."""

    def __init__(self, home: Path) -> None:
        self.broker = Broker(home, free_port(), heap="1g")
        self.cluster = FlinkCluster(home, free_port(), slots=2)
        self._home = home
        self._runs = 0

    def __enter__(self) -> "Bench":
        try:
            self.broker.start()
            self.cluster.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.cluster.stop()
        self.broker.stop()

    def fill(self, topic: str, feed: Feed) -> Input:
        """Fills a topic with trades."""
        made = Input(topic)
        for block in self._fill(topic, blocks(feed)):
            made.trades += sum(m.trades for m in block)
            made.rejected += sum(len(m.rejected) for m in block)
        made.records = made.trades + made.rejected
        return made

    def fill_orders(self, topic: str, feed: Feed) -> Input:
        """Fills a topic with FIX messages about orders."""
        made = Input(topic, is_fix=True)
        for block in self._fill(topic, orders.blocks(feed, MIX)):
            for message in block:
                made.rejected += len(message.rejected)
                if not message.rejected:
                    made.records += message.trades
                    made.requests += sum(message.value.count(each) for each in REQUESTS)
                    made.trades += sum(message.value.count(each) for each in FILLS)
        made.records += made.rejected
        return made

    def _fill(self, topic: str, made: Iterable[list[Message]]) -> Iterator[list[Message]]:
        """Fills a topic of 4 partitions, keyed by symbol, event time as the record's timestamp.

        What goes in is handed on; the topic is full when that ends.
        """
        file = self._home / f"{topic}.csv"
        with file.open("wb", 1 << 20) as out:
            for block in made:
                out.write(
                    b"".join(
                        b"%d,%s,%s\n" % (m.timestamp_ms, m.key, m.value.hex().encode())
                        for m in block
                    )
                )
                yield block
        self.broker.create_topics(topic, partitions=4, config={"retention.ms": "-1"})
        load = ROOT / "scripts" / "bench" / "load.py"
        servers = self.broker.bootstrap_servers
        job = self.cluster.submit(load, args=[str(file), topic, servers])
        self._wait(job)
        file.unlink()

    def drain(self, job: Path, source: Input, *args: str, analytics: bool = True) -> Run:
        """Runs a job over all that a topic holds now, until it finishes."""
        self._runs += 1
        outputs = {name: f"{name}-{self._runs}" for name in OUTPUTS}
        self.broker.create_topics(*outputs.values(), partitions=2)
        before, memory = self._cpu(), dict.fromkeys(("JVM", "Python"), 0.0)
        job_id = self.cluster.submit(
            job,
            args=args,
            env={
                "TAPELINE_BOOTSTRAP_SERVERS": self.broker.bootstrap_servers,
                "TAPELINE_GROUP_ID": f"bench-{self._runs}",
                "TAPELINE_TRADES_TOPICS": EMPTY if source.is_fix else source.topic,
                "TAPELINE_ORDERS_TOPICS": source.topic if source.is_fix else "",
                **{f"TAPELINE_{name.upper()}_TOPIC": output for name, output in outputs.items()},
                "TAPELINE_START_FROM": "earliest",
                "TAPELINE_STOP_AT": "latest",
                "TAPELINE_ANALYTICS": str(analytics),
            },
        )
        after = dict(before)
        while self.cluster.rest.job_state(job_id) not in ("FINISHED", "FAILED", "CANCELED"):
            after.update(self._cpu())
            for name, size in self._memory().items():
                memory[name] = max(memory[name], size)
            time.sleep(0.5)  # looking takes time from what is looked at
        if self.cluster.rest.job_state(job_id) != "FINISHED":
            raise SystemExit(f"{job.name} failed:\n{self.cluster.rest.failure(job_id)}")
        after.update(self._cpu())
        cpu = dict.fromkeys(("JVM", "Python", "Kafka"), 0.0)
        for (name, pid), seconds in after.items():
            cpu[name] += seconds - before.get((name, pid), 0.0)
        seconds = self.cluster.rest.get(f"/jobs/{job_id}")["duration"] / 1_000
        return Run(seconds, cpu, memory, topics=outputs)

    def prove(self, run: Run, source: Input) -> str:
        """Adds up where the records of a run of the market job went.

        Raises:
            SystemExit: they do not add up.
        """
        trades = self.trades_of(run.topics["candles"])
        requests = self._sum_final(run.topics["order_flow"], *COUNTED)
        with topics.consumer(self.broker.bootstrap_servers) as kafka:
            counts = topics.counts(kafka, [run.topics["late_trades"], run.topics["dead_letters"]])
        late, rejected = counts.values()
        proof = f"{trades:,} in candles + {late:,} late + {rejected:,} rejected"
        if source.is_fix:
            proof += f"; {requests:,} in order flow"
        found = trades, requests, late, rejected
        if found != (source.trades, source.requests, 0, source.rejected):
            raise SystemExit(
                f"expected {source.trades:,} trades, {source.requests:,} requests and "
                f"{source.rejected:,} rejected, got {proof}"
            )
        return proof

    def trades_of(self, candles: str) -> int:
        """Trades in the final candles of a second."""
        return self._sum_final(candles, "trades")

    def _sum_final(self, topic: str, *fields: str) -> int:
        """The sum of some fields of all final messages of a second."""
        final = {}
        with topics.consumer(self.broker.bootstrap_servers) as kafka:
            parts = topics.partitions(kafka, [topic])
            for record in topics.records(kafka, dict.fromkeys(parts, 0)):
                row = json.loads(record.value)
                if row["final"] and row["interval"] == "1s":
                    final[row["symbol"], row["start"]] = sum(row[name] for name in fields)
        return sum(final.values())

    def _wait(self, job_id: str) -> None:
        ended = ("FINISHED", "FAILED", "CANCELED")
        wait_until(lambda: self.cluster.rest.job_state(job_id) in ended, "the topic to fill", 1_200)
        if self.cluster.rest.job_state(job_id) != "FINISHED":
            raise SystemExit(self.cluster.rest.failure(job_id))

    def _processes(self) -> Iterator[tuple[str, psutil.Process]]:
        for name, daemon in (("JVM", self.cluster.taskmanager), ("Kafka", self.broker.daemon)):
            if daemon.process:
                yield name, psutil.Process(daemon.process.pid)
        if self.cluster.taskmanager.process:
            jvm = psutil.Process(self.cluster.taskmanager.process.pid)
            yield from (("Python", child) for child in jvm.children(recursive=True))

    def _cpu(self) -> dict[tuple[str, int], float]:
        used = {}
        for name, process in self._processes():
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            used[name, process.pid] = times.user + times.system
        return used

    def _memory(self) -> dict[str, float]:
        sizes = dict.fromkeys(("JVM", "Python"), 0.0)
        for name, process in self._processes():
            try:
                if name in sizes:
                    sizes[name] += process.memory_info().rss / 2**30
            except psutil.Error:
                continue
        return sizes


def main() -> None:
    """Measures and writes the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--trades", type=int, default=12_000_000, help="single records")
    parser.add_argument("--packed-trades", type=int, default=20_000_000, help="trades in packs")
    parser.add_argument("--packed", type=int, default=100, help="trades in one message")
    parser.add_argument("--orders", type=int, default=4_000_000, help="FIX messages, single")
    parser.add_argument("--packed-orders", type=int, default=12_000_000, help="those in packs")
    parser.add_argument("--orders-packed", type=int, default=50, help="FIX messages in one")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapeline-bench-") as home, Bench(Path(home)) as bench:
        _say("filling the topics")
        size, packs = arguments.trades, arguments.packed_trades
        single = bench.fill("single", Feed(count=size, bad=0.05, rate=10_000, block_s=60))
        packed, clean = (
            bench.fill(
                name,
                Feed(count=packs, bad=bad, rate=10_000, block_s=60, packed=arguments.packed),
            )
            for name, bad in (("packed", 0.05), ("clean", 0.0))
        )
        requests, packs_of_orders = (
            bench.fill_orders(name, Feed(count=count, rate=10_000, block_s=60, packed=packed))
            for name, count, packed in (
                ("orders", arguments.orders, 1),
                ("packed-orders", arguments.packed_orders, arguments.orders_packed),
            )
        )
        nothing = Input(EMPTY)
        bench.broker.create_topics(EMPTY, partitions=4)
        together = f"Tapeline, {arguments.packed} a message"
        clean_packs = f"{together}, none broken"
        cases: dict[str, tuple[Path, Input, list[str]]] = {
            OURS: (MARKET, single, []),
            f"{OURS}{ALONE}": (MARKET, single, []),
            RIVAL: (BASELINE, single, []),
            RIVAL_BY_TIME: (BASELINE, single, ["by-event-time"]),
            together: (MARKET, packed, []),
            clean_packs: (MARKET, clean, []),
            f"{clean_packs}{ALONE}": (MARKET, clean, []),
            "orders, single, none broken": (MARKET, requests, []),
            f"orders, {arguments.orders_packed} a message, none broken": (
                MARKET,
                packs_of_orders,
                [],
            ),
        }
        rows: list[Row] = []
        for number in range(1, arguments.rounds + 1):
            # The first start of a job also warms the JVM; and any may end late, when Flink's
            # last checkpoint comes as a task ends, and has to be made again at the next interval.
            # With analytics and without, an empty topic takes the same: the same is taken off.
            empty = {
                job: min(bench.drain(job, nothing, analytics=each).seconds for each in analytics)
                for job, analytics in ((MARKET, (True, False) * 2), (BASELINE, (True,) * 2))
            }
            for name in _turns(list(cases), is_forth=number % 2 == 1):
                job, source, args = cases[name]
                analytics = not name.endswith(ALONE)
                run = bench.drain(job, source, *args, analytics=analytics)
                if job == MARKET:
                    run.proof = bench.prove(run, source)
                rows.append(Row(number, name, source, run, empty[job]))
                _say(
                    f"{name}: {run.seconds:.1f} s (empty {rows[-1].empty:.1f} s), "
                    f"{rows[-1].rate:,.0f} records/s. {run.proof}"
                )
    results.write("Drain", _report(arguments, rows))


def _turns(names: list[str], is_forth: bool) -> list[str]:
    """The runs of a round, forth or back."""
    turns = []
    for name in names if is_forth else reversed(names):
        if name + ALONE in names:
            turns += twice(name, name + ALONE, is_forth)
        elif not name.endswith(ALONE):
            turns.append(name)
    return turns


def twice(one: T, other: T, is_forth: bool) -> list[T]:
    """Two that are compared, each twice: one of them first and last.

    The JVM gets faster all the time, and the machine is not always as fast.
    """
    both = [one, other] if is_forth else [other, one]
    return [*both, *reversed(both)]


def _say(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, flush=True)


def _report(arguments: argparse.Namespace, rows: list[Row]) -> str:
    seconds: dict[str, list[list[float]]] = {}
    lines = []
    for row in rows:
        run = row.run
        of_rounds = seconds.setdefault(row.name, [[] for _ in range(arguments.rounds)])
        of_rounds[row.round - 1].append(row.seconds)
        per_million = {k: v / row.source.records * 1e6 for k, v in run.cpu.items()}
        lines.append(
            f"| {row.round} | {row.name} | {row.rate:,.0f} | {row.empty:.1f} "
            f"| {per_million['JVM']:.2f} | {per_million['Python']:.2f} "
            f"| {per_million['Kafka']:.2f} | {run.memory['JVM']:.1f} | {run.memory['Python']:.1f} "
            f"| {run.proof or 'not checked'} |"
        )
    alone = OURS + ALONE

    def ratios(one: str, other: str) -> str:
        of_both = zip(seconds[one], seconds[other], strict=True)
        return ", ".join(f"{mean(b) / mean(a):.2f}" for a, b in of_both)

    with_analytics = "; ".join(
        f"{name.removesuffix(ALONE)}: **{ratios(name.removesuffix(ALONE), name)}**"
        for name in seconds
        if name.endswith(ALONE)
    )
    return "\n".join(
        [
            "```",
            f"python -m scripts.bench.drain --trades {arguments.trades} "
            f"--packed-trades {arguments.packed_trades} --packed {arguments.packed} "
            f"--orders {arguments.orders} --packed-orders {arguments.packed_orders} "
            f"--orders-packed {arguments.orders_packed} --rounds {arguments.rounds}",
            "```",
            "",
            "5% of the records are broken, where not said otherwise; 4 partitions, parallelism 2. "
            "What an empty topic takes (s) is taken off. CPU is in seconds per million records, "
            "start-up included; memory is the peak in GiB. The cluster is new in round 1: the JVM "
            "still compiles. Every other round goes backwards. What is run with analytics and "
            "without is run twice in a round, one of them first and last; ratios are of the "
            "seconds of both.",
            "",
            "| round | run | records/s | empty | CPU JVM | CPU Python | CPU Kafka | GiB JVM "
            "| GiB Python | proof |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
            *lines,
            "",
            "Tapeline without analytics over plain Flink SQL, which has none, single records, "
            f"round by round: **{ratios(alone, RIVAL)}**. Where SQL decides open and close by "
            f"event time and trade id too: **{ratios(alone, RIVAL_BY_TIME)}**.",
            "",
            f"With all analytics over without: {with_analytics}.",
        ]
    )


if __name__ == "__main__":
    main()
