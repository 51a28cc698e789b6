"""The rival of the benchmark: plain SQL must make the candles that it is measured by."""

import json
from collections import Counter

import pytest

from scripts.bench.drain import BASELINE
from scripts.generate.feed import Feed, blocks
from scripts.stack.broker import Broker
from scripts.stack.flink import FlinkCluster
from tests.system.harness import Message, everything, send, wait_finished

pytestmark = pytest.mark.system

TRADES = 5_000


@pytest.mark.parametrize("arguments", [(), ("by-event-time",)], ids=["by arrival", "by time"])
def test_the_rival_counts_every_trade_in_every_interval(
    broker: Broker, cluster: FlinkCluster, arguments: tuple[str, ...]
) -> None:
    name = f"rival-{len(arguments)}"
    trades, candles = f"{name}-trades", f"{name}-candles"
    broker.create_topics(trades, candles, partitions=2, config={"retention.ms": "-1"})
    made = [m for block in blocks(Feed(bad=0, count=TRADES)) for m in block]
    send(broker, trades, [Message(m.value, m.timestamp_ms, partition=0) for m in made])
    env = {
        "TAPELINE_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "TAPELINE_GROUP_ID": name,
        "TAPELINE_TRADES_TOPICS": trades,
        "TAPELINE_CANDLES_TOPIC": candles,
        "TAPELINE_STOP_AT": "latest",
    }
    job_id = cluster.submit(BASELINE, env, arguments, parallelism=1)
    wait_finished(cluster, job_id)
    counted = Counter[str]()
    for record in everything(broker, candles):
        candle = json.loads(record.value)
        counted[candle["interval"]] += candle["trades"]
    assert len(counted) == 8
    assert set(counted.values()) == {TRADES}
