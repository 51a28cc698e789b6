"""Replays on a real broker and a real cluster, against the oracle."""

import itertools
import time
from dataclasses import dataclass

import msgspec
import pytest

from jobs.settings import Settings
from scripts.rerun import letters
from scripts.rerun.repairs import setting
from scripts.rerun.replay import ReplayError, replay, replayed
from scripts.stack.broker import Broker
from scripts.stack.flink import FlinkCluster
from tests import oracle
from tests.system.conftest import DELAY_MS, PARTITIONS
from tests.system.harness import Message, Record, everything, send, totals
from tests.system.test_market import (
    BURST_EVERY_MS,
    NOON,
    feed,
    published,
)

pytestmark = pytest.mark.system

DISORDER_MS = 1_500
_numbers = itertools.count(1)
Window = tuple[str, str, int]


def live_settings(broker: Broker) -> Settings:
    """Those of a live job whose input is a topic of its own."""
    topic = f"replayed_trades_{next(_numbers)}"
    broker.create_topics(topic, partitions=PARTITIONS, config={"retention.ms": "-1"})
    return Settings(
        bootstrap_servers=broker.bootstrap_servers,
        trades_topics=(topic,),
        orders_topics=(),
        watermark_delay_ms=DELAY_MS,
    )


def candle_bytes(broker: Broker, given: Settings) -> dict[Window, bytes]:
    """The candles of a replay as they stand in their topic; each must be the only one."""
    found: dict[Window, bytes] = {}
    for record in everything(broker, given.candles_topic):
        candle = record.json()
        window = candle["symbol"], candle["interval"], candle["start"]
        assert window not in found
        found[window] = record.value
    return found


def expected_of(records: list[Record]) -> oracle.Expected:
    return oracle.expected(
        oracle.Message(each.value, each.timestamp_ms, each.partition) for each in records
    )


def assert_candles(found: dict[Window, bytes], expected: oracle.Expected) -> None:
    assert {window: msgspec.json.decode(value) for window, value in found.items()} == {
        window: {**published(candle), "updated_at": candle.end}
        for window, candle in expected.candles.items()
    }


def run(cluster: FlinkCluster, given: Settings, parallelism: int = 2) -> dict[str, int]:
    return replay(cluster, given, partitions=PARTITIONS, parallelism=parallelism)


@dataclass(frozen=True)
class Replays:
    """The same range of a topic, replayed twice."""

    settings: Settings
    """Those of the live job."""
    records: list[Record]
    """All that the topic had."""
    from_ms: int
    to_ms: int
    runs: list[Settings]

    @property
    def within(self) -> list[Record]:
        """The records of the range."""
        return self.of_range(self.records)

    def of_range(self, records: list[Record]) -> list[Record]:
        """Those of these that are of the range."""
        return [each for each in records if self.from_ms <= each.timestamp_ms < self.to_ms]


@pytest.fixture(scope="module")
def replays(broker: Broker, cluster: FlinkCluster) -> Replays:
    settings = live_settings(broker)
    messages = feed(packed=1, disorder_ms=DISORDER_MS, shuffle_ms=0)
    # Copies right behind the trades themselves.
    messages = [each for n, each in enumerate(messages) for _ in range(1 + (n % 500 == 0))]
    (topic,) = settings.trades_topics
    send(broker, topic, messages)

    # Both ends lie within a burst, whose records are in disorder.
    from_ms, to_ms = (NOON + bursts * BURST_EVERY_MS + 300 for bursts in (60, 200))
    runs = [
        replayed(settings, from_ms, to_ms, prefix=f"{topic}.{name}-", late_ms=0)
        for name in ("once", "twice")
    ]
    for parallelism, each in enumerate(runs, start=1):
        run(cluster, each, parallelism)
    return Replays(settings, everything(broker, topic), from_ms, to_ms, runs)


def test_a_range_gives_the_same_bytes_twice_and_of_its_own_records_alone(
    broker: Broker, cluster: FlinkCluster, replays: Replays
) -> None:
    once, twice = (candle_bytes(broker, each) for each in replays.runs)
    assert once == twice

    expected = expected_of(replays.within)
    assert len(expected.duplicates) > 0
    assert_candles(once, expected)
    ledger = everything(broker, replays.runs[0].ledger_topic)
    assert totals([record.json() for record in ledger]) == {
        "messages": len(replays.within),
        "records": len(replays.within),
        "candles": len(expected.counted),
        "duplicates": len(expected.duplicates),
        "late": 0,
        "rejected": len(expected.rejected),
        "orders": 0,
        "session": 0,
    }

    with pytest.raises(ReplayError, match="records already"):
        run(cluster, replays.runs[0])
    (topic,) = replays.settings.trades_topics
    none = replayed(replays.settings, 0, NOON - 1_000_000, prefix=f"{topic}.none-", late_ms=0)
    with pytest.raises(ReplayError, match="no record"):
        run(cluster, none)


def test_repaired_records_are_counted_in_a_later_replay_and_sent_once(
    broker: Broker, cluster: FlinkCluster, replays: Replays
) -> None:
    (topic,) = replays.settings.trades_topics
    before = replays.records
    rejected = {"dead_letters_topic": replays.runs[0].dead_letters_topic}
    live = replays.settings.model_copy(update=rejected)
    trial = letters.resubmit(live, setting(["side=buy"]), dry_run=True)
    assert len(everything(broker, topic)) == len(before)
    outcome = letters.resubmit(live, setting(["side=buy"]))
    assert outcome == trial
    assert outcome.repaired > 0
    assert outcome.broken["invalid_price"] > 0
    assert outcome.broken["invalid_side"] == 0
    assert outcome.sent_before == 0

    after = everything(broker, topic)
    places = {(each.partition, each.offset) for each in before}
    sent = [each for each in after if (each.partition, each.offset) not in places]
    assert len(sent) == outcome.repaired
    originals = {(each.partition, each.timestamp_ms, each.key) for each in before}
    assert {(each.partition, each.timestamp_ms, each.key) for each in sent} <= originals

    again = letters.resubmit(live, setting(["side=buy"]))
    assert (again.repaired, again.sent_before) == (0, outcome.repaired)
    assert again.broken == outcome.broken
    assert len(everything(broker, topic)) == len(after)

    # By now the repaired records are older than what they stand behind by hours.
    from_ms, to_ms = replays.from_ms, replays.to_ms
    late_ms = int(time.time() * 1_000) - from_ms
    prefix = f"{topic}.repaired-"
    repaired = replayed(replays.settings, from_ms, to_ms, prefix=prefix, late_ms=late_ms)
    run(cluster, repaired)
    without, expected = (expected_of(each) for each in (replays.within, replays.of_range(after)))
    repairs = {each.value for each in sent}  # a copy of a broken one is a copy still
    assert len(expected.counted) == len(without.counted) + len(repairs)
    copies = outcome.repaired - len(repairs)
    assert len(expected.duplicates) == len(without.duplicates) + copies
    assert_candles(candle_bytes(broker, repaired), expected)


def test_what_is_gone_by_retention_is_sent_with_the_trades_own_time_and_symbol(
    broker: Broker,
) -> None:
    settings = live_settings(broker)
    (topic,) = settings.trades_topics
    trade = {"symbol": "A/B", "price": 1.5, "quantity": 2, "timestamp": NOON + 7, "side": "?"}
    letter = {
        "topic": topic,
        "partition": 2,
        "offset": 0,
        "index": 3,
        "reason": "invalid_side",
        "detail": "",
        "payload": msgspec.json.encode(trade),
        "rejected_at": NOON,
    }
    elsewhere = {**letter, "topic": f"{topic}.gone"}
    dead_letters = f"{topic}.letters"
    broker.create_topics(dead_letters, partitions=PARTITIONS)
    # The second is a copy, as after a recovery of the job.
    messages = [Message(msgspec.json.encode(each)) for each in (letter, letter, elsewhere)]
    send(broker, dead_letters, messages)
    given = settings.model_copy(update={"dead_letters_topic": dead_letters})
    outcome = letters.resubmit(given, setting(["side=sell"]))
    assert (outcome.repaired, outcome.without_topic) == (1, 1)
    (record,) = everything(broker, topic)
    assert record.json() == {**trade, "side": "sell"}
    assert (record.timestamp_ms, record.key, record.partition) == (NOON + 7, b"A/B", 2)
