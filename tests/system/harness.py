"""What tests of the system work with: a job of their own, and its topics."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from scripts.stack.broker import Broker
from scripts.stack.errors import WaitTimeoutError
from scripts.stack.flink import FlinkCluster
from scripts.stack.waiting import wait_until
from tests import oracle


@dataclass(frozen=True)
class Message:
    """One Kafka message to be sent; None leaves the choice to Kafka."""

    value: bytes
    timestamp_ms: int | None = None
    key: bytes | None = None
    partition: int | None = None


@dataclass(frozen=True)
class Record:
    """One Kafka message that was read."""

    value: bytes
    timestamp_ms: int
    key: bytes | None
    partition: int
    offset: int

    def json(self) -> Any:
        return json.loads(self.value)


def send(broker: Broker, topic: str, messages: Iterable[Message]) -> None:
    """Send and return when the broker has them all."""
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers, linger_ms=20)
    try:
        futures = [
            producer.send(
                topic,
                message.value,
                key=message.key,
                partition=message.partition,
                timestamp_ms=message.timestamp_ms,
            )
            for message in messages
        ]
        for future in futures:
            future.get(timeout=30)
    finally:
        producer.close()


def read(
    broker: Broker, topic: str, until: Callable[[list[Record]], bool], timeout: float = 90
) -> list[Record]:
    """Everything in the topic from its start, committed only, as soon as ``until`` holds of it."""
    consumer = KafkaConsumer(
        bootstrap_servers=broker.bootstrap_servers,
        isolation_level="read_committed",
        enable_auto_commit=False,
    )
    records: list[Record] = []

    def enough() -> bool:
        for batch in consumer.poll(timeout_ms=200).values():
            records.extend(
                Record(each.value, each.timestamp, each.key, each.partition, each.offset)
                for each in batch
            )
        return until(records)

    try:
        partitions = consumer.partitions_for_topic(topic) or set()
        consumer.assign([TopicPartition(topic, number) for number in partitions])
        consumer.seek_to_beginning()
        wait_until(enough, f"what the test expects in {topic}", timeout, pause=0)
    except WaitTimeoutError as error:
        newest = "\n".join(str(record.value) for record in records[-10:])
        raise AssertionError(f"{error}, {len(records)} came, the newest:\n{newest}") from None
    finally:
        consumer.close()
    return records


READ = ("messages", "records")
"""What the ledger counts before it knows what becomes of them."""
PLACE = ("topic", "partition")
"""What in it is no count."""


def totals(accounts: list[dict[str, Any]], topic: str | None = None) -> dict[str, int]:
    """The sums of the newest account of every shard, of all topics or of one."""
    newest = {each["shard"]: each for each in accounts}
    sums = Counter[str]()
    for source in itertools.chain.from_iterable(each["sources"] for each in newest.values()):
        if topic in (None, source["topic"]):
            sums.update({name: n for name, n in source.items() if name not in PLACE})
    return dict(sums)


@dataclass(frozen=True)
class Market:
    """A market job with topics of its own."""

    broker: Broker
    cluster: FlinkCluster
    job_id: str
    trades_topic: str
    orders_topic: str
    candles_topic: str
    late_trades_topic: str
    ledger_topic: str
    dead_letters_topic: str
    order_flow_topic: str
    book_topic: str
    indicators_topic: str
    sliding_topic: str
    trends_topic: str
    anomalies_topic: str
    quality_topic: str
    correlations_topic: str
    alerts_topic: str

    def send(self, *messages: Message) -> None:
        """Send to the job's input of trades."""
        send(self.broker, self.trades_topic, messages)

    def send_orders(self, *messages: Message) -> None:
        """Send to the job's input of FIX."""
        send(self.broker, self.orders_topic, messages)

    def candles(
        self, until: Callable[[list[Any]], bool], *, final: bool = True, timeout: float = 90
    ) -> list[Any]:
        """The candles, final ones or all, as soon as ``until`` holds of them."""

        def wanted(records: list[Record]) -> list[Any]:
            found = [record.json() for record in records]
            return [candle for candle in found if candle["final"] or not final]

        read_until = read(self.broker, self.candles_topic, lambda r: until(wanted(r)), timeout)
        return wanted(read_until)

    def dead_letters(self, count: int, timeout: float = 90) -> list[Any]:
        """The dead letters, as soon as there are ``count``."""
        found = read(self.broker, self.dead_letters_topic, lambda r: len(r) >= count, timeout)
        return [record.json() for record in found]

    def account(self, topic: str, records: int) -> dict[str, int]:
        """What the newest accounts say of a topic, once so many records have an outcome.

        Each shard tells its own part: that all records were read says nothing of the others' yet.
        """
        found: dict[str, int] = {}

        def complete(given: list[Record]) -> bool:
            found.update(totals([record.json() for record in given], topic))
            outcomes = sum(n for name, n in found.items() if name not in READ)
            return found.get("records") == records == outcomes

        read(self.broker, self.ledger_topic, complete)
        return found

    def book(self, wanted: Callable[[Any], bool]) -> Any:
        """The first message of the book topic that is wanted."""
        found = read(self.broker, self.book_topic, lambda r: any(wanted(each.json()) for each in r))
        return next(book for book in (record.json() for record in found) if wanted(book))

    def late_trades(self, count: int, timeout: float = 90) -> list[Any]:
        """The late trades, as soon as there are ``count``."""
        found = read(self.broker, self.late_trades_topic, lambda r: len(r) >= count, timeout)
        return [record.json() for record in found]


def everything(broker: Broker, topic: str) -> list[Record]:
    """All records there are now, for nobody writes to the topic any more."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap_servers)
    try:
        numbers = consumer.partitions_for_topic(topic) or ()
        partitions = [TopicPartition(topic, number) for number in numbers]
        count = sum(consumer.end_offsets(partitions).values())
    finally:
        consumer.close()
    return read(broker, topic, lambda records: len(records) >= count)


def wait_finished(cluster: FlinkCluster, job_id: str) -> None:
    def finished() -> bool:
        state = cluster.rest.job_state(job_id)
        assert state not in ("FAILED", "CANCELED", "UNKNOWN"), cluster.rest.failure(job_id)
        return state == "FINISHED"

    wait_until(finished, f"job {job_id} to finish", timeout=240)


@dataclass(frozen=True)
class Backfill:
    """All that went into a job that has finished, and all that came out."""

    records: list[Record]
    candles: list[dict[str, Any]]
    late_trades: list[dict[str, Any]]
    dead_letters: list[dict[str, Any]]
    ledger: list[dict[str, Any]]
    order_flow: list[dict[str, Any]]
    book: list[dict[str, Any]]
    indicators: list[dict[str, Any]]
    sliding: list[dict[str, Any]]
    trends: list[dict[str, Any]]
    anomalies: list[dict[str, Any]]
    quality: list[dict[str, Any]]
    correlations: list[dict[str, Any]]
    alerts: list[dict[str, Any]]

    @property
    def finals(self) -> list[dict[str, Any]]:
        return [candle for candle in self.candles if candle["final"]]

    def expected(self) -> oracle.Expected:
        return oracle.expected(
            oracle.Message(each.value, each.timestamp_ms, each.partition) for each in self.records
        )
