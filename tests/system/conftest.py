"""A broker and a cluster of the tests' own, beside any Tapeline that runs."""

import gc
import itertools
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from jobs.settings import OUTPUTS
from scripts.stack.broker import Broker
from scripts.stack.flink import FlinkCluster
from scripts.stack.paths import ROOT
from scripts.stack.ports import free_port
from tests.chromium import chromium
from tests.system.harness import Backfill, Market, Message, everything, send, wait_finished

SubmitMarket = Callable[..., Market]
RunBackfill = Callable[..., Backfill]
PARTITIONS = 4
DELAY_MS = 2_000


@pytest.fixture(scope="session", autouse=True)
def _quick_java() -> Iterator[None]:
    """Java without its optimizing compiler.

    In JVMs that live for a test or two it takes up to 40% of their CPU time.
    """
    options = [os.environ.get("JAVA_TOOL_OPTIONS", ""), "-XX:TieredStopAtLevel=1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", " ".join(options).strip())
        yield


@pytest.fixture(scope="session", autouse=True)
def _refused_sockets() -> Iterator[None]:
    """Collect the sockets that kafka-python leaves behind while that is no error.

    Pytest collects after the last test, where the filters of tests hold no more.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def browser() -> Iterator[Browser]:
    """One of the test's own: other tests of this process have loops of asyncio."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tapeline")


@pytest.fixture(scope="session")
def broker(home: Path) -> Iterator[Broker]:
    broker = Broker(home, free_port())
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def cluster(home: Path) -> Iterator[FlinkCluster]:
    # Slots for two jobs of two subtasks.
    cluster = FlinkCluster(home, free_port(), slots=4)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def submit_market(
    broker: Broker, cluster: FlinkCluster, _numbers: Iterator[int]
) -> Iterator[SubmitMarket]:
    """Submits the market job with topics of its own: ``submit_market(partitions=4, **settings)``.

    ``settings`` are those of ``jobs.settings.Settings``; the jobs end with the test.
    """
    markets: list[Market] = []

    def submit(*, partitions: int = 4, parallelism: int = 2, **settings: object) -> Market:
        number = next(_numbers)
        topics = {f"{name}_topic": f"{name}_{number}" for name in ("trades", "orders", *OUTPUTS)}
        broker.create_topics(*topics.values(), partitions=partitions, config={"retention.ms": "-1"})
        values = {
            "bootstrap_servers": broker.bootstrap_servers,
            "group_id": f"market_{number}",
            "checkpoint_interval_ms": 1_000,
            **topics,
            **settings,
        }
        for name in ("trades", "orders"):
            values[f"{name}_topics"] = values.pop(f"{name}_topic")
        env = {f"TAPELINE_{name.upper()}": str(value) for name, value in values.items()}
        job_id = cluster.submit(ROOT / "jobs" / "market.py", env, parallelism=parallelism)
        market = Market(broker, cluster, job_id, **topics)
        markets.append(market)
        cluster.wait_running(job_id)
        return market

    yield submit
    for market in markets:
        cluster.cancel(market.job_id)


@pytest.fixture
def run_backfill(
    broker: Broker, cluster: FlinkCluster, _numbers: Iterator[int]
) -> Iterator[RunBackfill]:
    """Runs a bounded job over messages to its end, and over what ``fill(trades, orders)`` sends.

    Not ``submit_market``: the topic has to be full before the job starts, and the job may have
    finished before all its tasks were ever seen to run.
    """
    job_ids: list[str] = []

    def run(
        messages: Sequence[Message] = (),
        of_orders: Sequence[Message] = (),
        fill: Callable[[str, str], object] | None = None,
        **settings: object,
    ) -> Backfill:
        number = next(_numbers)
        trades, asked, *outputs = (
            f"backfill_{name}_{number}" for name in ("trades", "orders", *OUTPUTS)
        )
        for topic in (trades, asked, *outputs):
            broker.create_topics(topic, partitions=PARTITIONS, config={"retention.ms": "-1"})
        send(broker, trades, messages)
        send(broker, asked, of_orders)
        if fill:
            fill(trades, asked)
        values = {
            "bootstrap_servers": broker.bootstrap_servers,
            "group_id": f"backfill_{number}",
            "stop_at": "latest",
            "watermark_delay_ms": DELAY_MS,
            **settings,
            "trades_topics": trades,
            "orders_topics": asked,
            **{f"{name}_topic": topic for name, topic in zip(OUTPUTS, outputs, strict=True)},
        }
        env = {f"TAPELINE_{name.upper()}": str(value) for name, value in values.items()}
        job_id = cluster.submit(ROOT / "jobs" / "market.py", env, parallelism=2)
        job_ids.append(job_id)
        wait_finished(cluster, job_id)
        came = ([record.json() for record in everything(broker, topic)] for topic in outputs)
        return Backfill(everything(broker, trades), *came)

    yield run
    for job_id in job_ids:
        if cluster.rest.job_state(job_id) != "FINISHED":
            cluster.cancel(job_id)
