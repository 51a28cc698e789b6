"""One crash: trades flow, something dies, and then every candle is computed again and compared."""

import contextlib
import itertools
import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.crash.faults import FAULTS
from scripts.crash.feed import CrashFeed
from scripts.crash.reader import CandleReader, Key
from scripts.stack import topics
from scripts.stack.errors import WaitTimeoutError
from scripts.stack.local import LocalTapeline
from scripts.stack.ports import free_port
from scripts.stack.saved import SavedSettings
from scripts.stack.settings import StackSettings
from scripts.stack.waiting import wait_until
from tests import oracle

WARM_UP_SECONDS = 4.0
"""How long trades flow before something dies."""
GAP_SECONDS = 2.0
"""No candles for so long, where forming ones come five times a second, is an outage; in
transactions they come with every checkpoint, and it is that much longer."""
RECOVERY_LIMIT_SECONDS = 180.0
CLOSED = ("1s", "10s")
"""Intervals whose windows must all be final in the end: the stream is quiet, and time goes on."""
SHOWN = (*CLOSED, "1m")
"""Intervals whose newest candle, final or forming, must have every trade in the end."""


@dataclass(frozen=True)
class Outcome:
    """What came of one crash."""

    fault: str
    recovery_s: float
    candles: int
    differences: list[str]


@dataclass
class CrashStack:
    """A local Tapeline of its own, made to be hurt."""

    tapeline: LocalTapeline
    reader: CandleReader
    gap_s: float = GAP_SECONDS
    """No candles for longer is an outage."""
    offsets: topics.Offsets = field(default_factory=dict)
    """Of the input: where the next run begins."""

    def run(self, fault: str, number: int, seed: int, pause_s: float = 30.0) -> Outcome:
        """One crash; every trade of it has symbols of its own."""
        pick = random.Random(seed)
        topic = self.tapeline.job_settings.trades_topics[0]
        name = f"R{number}"
        feed = CrashFeed(self.tapeline.broker.bootstrap_servers, topic, name, seed)
        feed.start()
        try:
            self._wait_steady()
            time.sleep(WARM_UP_SECONDS * pick.random())
            at = time.monotonic()
            FAULTS[fault](self.tapeline, pick, pause_s)
            self._wait_recovered(at)
            time.sleep(WARM_UP_SECONDS * pick.random())
        finally:
            feed.stop()
        gaps = _gaps(self.reader.arrivals, at, self.gap_s)
        expected = self._expected(topic)
        differences: list[str] = []

        def same() -> bool:
            differences[:] = _differences(expected, self.reader.newest(name))
            return not differences

        try:
            wait_until(same, "the candles to be those of all trades", timeout=60, pause=0.5)
        except WaitTimeoutError as error:
            differences.insert(0, str(error))
        recovery = max((end - at for _, end in gaps), default=0.0)
        return Outcome(fault, recovery, len(expected), [*differences, *self.reader.contradictions])

    @property
    def transactional(self) -> bool:
        """Whether it delivers exactly once."""
        return self.tapeline.job_settings.delivery == "exactly-once"

    def ledger(self) -> Any:
        """What the service says of the ledger, once it adds up or after half a minute."""
        answer: Any = None
        topic = self.tapeline.job_settings.trades_topics[0]

        def complete() -> bool:
            nonlocal answer
            answer = self.tapeline.api.get("/api/ledger")
            if not answer or not answer["balanced"]:
                return False
            sources = [each for each in answer["sources"] if each["topic"] == topic]
            read = sum(each["messages"] for each in sources)
            return bool(read == sum(self.offsets.values()))

        with contextlib.suppress(WaitTimeoutError):
            wait_until(complete, "the ledger to add up", timeout=30, pause=0.5)
        return answer

    def _wait_steady(self) -> None:
        def steady() -> bool:
            arrivals, now = self.reader.arrivals, time.monotonic()
            steady_s = 2 * self.gap_s
            recent = [each for each in arrivals[-200:] if each > now - steady_s]
            edges = [now - steady_s, *recent, now]
            return all(b - a < self.gap_s for a, b in itertools.pairwise(edges))

        wait_until(steady, "candles to come without a gap", RECOVERY_LIMIT_SECONDS)

    def _wait_recovered(self, at: float) -> None:
        def well() -> bool:
            job, cluster = self.tapeline.job, self.tapeline.cluster
            return (
                time.monotonic() - at > self.gap_s
                and all(daemon.process for daemon in self.tapeline.daemons if daemon.record)
                and job.state == "RUNNING"
                and cluster.rest.running(job.id or "")
                and self.tapeline.api.get("/health") is not None
            )

        wait_until(well, "all parts to run again", RECOVERY_LIMIT_SECONDS)
        self._wait_steady()

    def _expected(self, topic: str) -> dict[Key, oracle.Candle]:
        """The candles of all that came into the topic since the last run."""
        with topics.consumer(self.tapeline.broker.bootstrap_servers) as kafka:
            first = {part: self.offsets.get(part, 0) for part in topics.partitions(kafka, [topic])}
            messages = [
                oracle.Message(record.value, record.timestamp, record.partition)
                for record in topics.records(kafka, first)
            ]
            # Nothing is being sent.
            self.offsets = topics.ends(kafka, first)
        return oracle.expected(messages).candles


def _gaps(arrivals: list[float], since: float, longest_s: float) -> list[tuple[float, float]]:
    """When no candles came for long: from and to."""
    times = [since, *(each for each in arrivals if each > since)]
    return [(a, b) for a, b in itertools.pairwise(times) if b - a > longest_s]


def _differences(expected: dict[Key, oracle.Candle], found: dict[Key, dict[str, Any]]) -> list[str]:
    """What is missing, too much, not final or has other values."""
    texts = []
    for key in expected.keys() | found.keys():
        mine, wanted = found.get(key), expected.get(key)
        if wanted is None:
            texts.append(f"{key} has a candle and no trades: {mine}")
            continue
        if mine is None:
            if key[1] in SHOWN:
                texts.append(f"{key} has no candle")
            continue
        if key[1] in CLOSED and not mine["final"]:
            texts.append(f"{key} is not final")
        values = {name: mine[name] for name in wanted._fields}
        if (mine["final"] or key[1] in SHOWN) and values != wanted._asdict():
            texts.append(f"{key} is {values}, expected {wanted._asdict()}")
    return texts


@contextmanager
def crash_stack(home: Path, **settings: object) -> Iterator[CrashStack]:
    """A Tapeline with the keeper, on ports of its own; ``settings`` are the job's."""
    values = {"checkpoint_interval_ms": 2_000, "group_id": "crash", **settings}
    for name, value in values.items():
        os.environ[f"TAPELINE_{name.upper()}"] = str(value)
    stack = StackSettings(
        home=home,
        kafka_port=free_port(),
        flink_port=free_port(),
        api_port=free_port(),
        flink_memory="3g",
    )
    tapeline = LocalTapeline(stack)
    reader = CandleReader(
        tapeline.broker.bootstrap_servers, tapeline.job_settings.candles_topic, stack.partitions
    )
    try:
        SavedSettings(home).write(stack)
        tapeline.broker.start()
        tapeline.create_topics()
        tapeline.cluster.start()
        tapeline.start_job(fresh=True)
        tapeline.api.start()
        tapeline.keeper.start()
        reader.start()
        made = CrashStack(tapeline, reader)
        if made.transactional:
            made.gap_s += 2 * tapeline.job_settings.checkpoint_interval_ms / 1_000
        yield made
    finally:
        reader.stop()
        tapeline.stop()
        for name in values:
            del os.environ[f"TAPELINE_{name.upper()}"]
        left = [process.pid for daemon in tapeline.daemons for process in daemon.family()]
        shutil.rmtree(home, ignore_errors=True)
    if left:
        raise RuntimeError(f"still running after the stop: {left}")
