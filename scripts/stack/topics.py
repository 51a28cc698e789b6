"""Topics: made, and read as parts of a log, which end."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import TopicAlreadyExistsError

from jobs.settings import Settings

Offsets = dict[TopicPartition, int]
KEPT = {"retention.ms": "-1"}
"""Kafka deletes by record timestamp, which is event time here, so time is no measure of age."""


def create(
    bootstrap_servers: str,
    names: Iterable[str],
    partitions: int = 1,
    config: Mapping[str, str] | None = None,
) -> None:
    """Create the topics that do not exist; those that do are left as they are."""
    with KafkaAdminClient(bootstrap_servers=bootstrap_servers.split(",")) as admin:
        for name in names:
            try:
                admin.create_topics([NewTopic(name, partitions, 1, topic_configs=config)])
            except TopicAlreadyExistsError:
                continue


def create_kept(
    bootstrap_servers: str, names: Iterable[str], partitions: int, retention_bytes: int = -1
) -> None:
    """Create the topics that do not exist, which keep so much of a partition; -1 is all."""
    kept = {**KEPT, "retention.bytes": str(retention_bytes)}
    create(bootstrap_servers, names, partitions, kept)


def create_outputs(settings: Settings, partitions: int, retention_bytes: int = -1) -> None:
    """Create the output topics of a job that do not exist.

    Args:
        settings: The job's.
        partitions: Of each but the ledger, which has one.
        retention_bytes: How much of a partition is kept; -1 is all.
    """
    names = dict(settings.outputs)
    ledger = names.pop("ledger")
    create_kept(settings.bootstrap_servers, names.values(), partitions, retention_bytes)
    # Of a shard's accounts the newest counts, however old it is.
    create(settings.bootstrap_servers, [ledger], 1, {"cleanup.policy": "compact"})


def consumer(bootstrap_servers: str) -> KafkaConsumer:
    """A consumer of no group, which commits nothing and sees what is committed."""
    return KafkaConsumer(
        bootstrap_servers=bootstrap_servers.split(","),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )


def partitions(kafka: KafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
    """All partitions of these topics; of a topic that does not exist there are none."""
    existing = kafka.topics()
    return [
        TopicPartition(topic, number)
        for topic in topics
        if topic in existing
        for number in sorted(kafka.partitions_for_topic(topic) or ())
    ]


def ends(kafka: KafkaConsumer, parts: Iterable[TopicPartition]) -> Offsets:
    """The offset after the newest record of each partition."""
    found: Offsets = kafka.end_offsets(list(parts))
    return found


def starts(kafka: KafkaConsumer, parts: Iterable[TopicPartition]) -> Offsets:
    """The offset of the oldest record of each partition that is still there."""
    found: Offsets = kafka.beginning_offsets(list(parts))
    return found


def offsets_at(kafka: KafkaConsumer, parts: list[TopicPartition], ms: int) -> Offsets:
    """The first offset of each partition with this record timestamp or a later one, or its end."""
    found = kafka.offsets_for_times(dict.fromkeys(parts, ms)) if parts else {}
    return {
        part: found[part].offset if found.get(part) else end
        for part, end in ends(kafka, parts).items()
    }


def counts(kafka: KafkaConsumer, topics: Iterable[str]) -> dict[str, int]:
    """How many records each topic holds, by its offsets."""
    held = dict.fromkeys(topics, 0)
    parts = partitions(kafka, held)
    first = starts(kafka, parts)
    for part, end in ends(kafka, parts).items():
        held[part.topic] += end - first[part]
    return held


def records(kafka: KafkaConsumer, first: Mapping[TopicPartition, int]) -> Iterator[Any]:
    """The records of each partition from this offset on, up to the newest there is now."""
    oldest = starts(kafka, first)
    last = ends(kafka, first)
    at = {part: max(offset, oldest[part]) for part, offset in first.items()}
    left = {part for part, offset in at.items() if offset < last[part]}
    kafka.assign(list(left))
    for part in left:
        kafka.seek(part, at[part])
    while left:
        for part, found in kafka.poll(timeout_ms=500).items():
            yield from (record for record in found if record.offset < last[part])
        done = {part for part in left if kafka.position(part) >= last[part]}
        kafka.pause(*done)
        left -= done
