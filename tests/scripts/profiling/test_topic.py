"""A topic of a real broker: the profile counts what was sent, good and bad."""

from collections import Counter
from pathlib import Path

import pytest
from kafka import KafkaProducer

from jobs.settings import Settings
from scripts.generate.feed import Feed, blocks
from scripts.generate.messages import Message
from scripts.profiling.terms import ProfileError
from scripts.profiling.topic import Topic
from scripts.stack.broker import Broker
from tests import oracle
from tests.scripts.profiling.makers import profiled

pytestmark = pytest.mark.system


def stamped(message: Message) -> int:
    """The time of a Kafka record: of one symbol before that of the newest trade in it."""
    return message.timestamp_ms - (100 if message.key == b"BTCUSDT" else 0)


def test_counts_are_those_of_what_was_sent(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.profiling.topic.RECORDS", 100)
    broker.create_topics("trades", partitions=3, config={"retention.ms": "-1"})
    feed = Feed(count=6_000, bad=0.1, packed=5, disorder_ms=300)
    messages = [message for block in blocks(feed) for message in block]
    again = messages[100:160]
    reasons = Counter(reason for m in [*messages, *again] for _, reason in m.rejected)
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers, linger_ms=20)
    for message in (*messages, *again):
        producer.send("trades", message.value, key=message.key, timestamp_ms=stamped(message))
    producer.close()

    settings = Settings(bootstrap_servers=broker.bootstrap_servers)
    made = profiled(Topic("trades", settings), tmp_path)
    counts, report = made.report.counts, made.report
    assert counts.rows == 6_000 + sum(message.count for message in again)
    assert counts.rows == counts.cleaned + counts.removed == len(made.cleaned) + len(made.removed)
    assert report.invalid == reasons
    assert counts.duplicates == sum(message.trades for message in again)
    assert report.total.trades == sum(message.trades for message in messages)
    crossed = Counter(
        trade.symbol
        for message in (*messages, *again)
        for trade in oracle.read(oracle.Message(message.value, stamped(message)))[0]
        if trade.timestamp > stamped(message)
    )
    assert {each.symbol: each.crossed_clocks for each in report.symbols} == {
        each.symbol: crossed[each.symbol] for each in report.symbols
    }
    assert report.total.crossed_clocks == crossed.total() > 0

    invalid = made.removed[~made.removed["reason"].isin(["duplicate", "fat_finger"])]
    places = invalid[["part", "position", "index"]]
    assert set(places["part"]) <= {f"trades/{number}" for number in range(3)}
    assert not places.duplicated().any()


def test_a_topic_that_is_not_there_is_said_and_an_empty_one_is_empty(
    broker: Broker, tmp_path: Path
) -> None:
    settings = Settings(bootstrap_servers=broker.bootstrap_servers)
    with pytest.raises(ProfileError, match="there is no topic none"):
        Topic("none", settings)
    broker.create_topics("empty", partitions=2)
    report = profiled(Topic("empty", settings), tmp_path).report
    assert (report.counts.rows, report.about.parts) == (0, 2)
    assert report.total.crossed_clocks == 0
