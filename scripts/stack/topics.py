"""Topics: made, described and deleted, and read as parts of a log, which end."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError

from jobs.settings import Settings
from scripts.stack.waiting import wait_until

Offsets = dict[TopicPartition, int]
KEPT = {"retention.ms": "-1"}
"""Kafka deletes by record timestamp, which is event time here, so time is no measure of age."""
COMPACTED = {"cleanup.policy": "compact"}
_CONFIGS = ("retention.ms", "retention.bytes", "cleanup.policy")


class Topic(msgspec.Struct, frozen=True):
    """What a topic is, and what it holds."""

    name: str
    partitions: int
    records: int
    """By its offsets: those that compaction took away, and ends of transactions, count too."""
    bytes: int
    """On the brokers' disks, all replicas; a broker gives room in advance."""
    retention_ms: int
    """-1 is for ever."""
    retention_bytes: int
    """Of each partition; -1 is all."""
    is_compacted: bool


def create(
    bootstrap_servers: str,
    names: Iterable[str],
    partitions: int = 1,
    config: Mapping[str, str] | None = None,
) -> list[str]:
    """Create the topics that do not exist; those that do are left as they are.

    Returns:
        The names of those that were created.
    """
    created = []
    with KafkaAdminClient(bootstrap_servers=bootstrap_servers.split(",")) as admin:
        for name in names:
            try:
                admin.create_topics([NewTopic(name, partitions, 1, topic_configs=config)])
            except TopicAlreadyExistsError:
                continue
            created.append(name)
    return created


def create_kept(
    bootstrap_servers: str, names: Iterable[str], partitions: int, retention_bytes: int = -1
) -> list[str]:
    """Create the topics that do not exist, which keep so much of a partition; -1 is all.

    Returns:
        The names of those that were created.
    """
    kept = {**KEPT, "retention.bytes": str(retention_bytes)}
    return create(bootstrap_servers, names, partitions, kept)


def create_of(
    settings: Settings, names: Collection[str], partitions: int, retention_bytes: int = -1
) -> list[str]:
    """Create some topics of a job that do not exist.

    Args:
        settings: The job's.
        names: Of inputs and outputs; others are made as these are.
        partitions: Of each but the ledger, which has one.
        retention_bytes: How much of a partition is kept; -1 is all.

    Returns:
        The names of those that were created.
    """
    servers, ledger = settings.bootstrap_servers, settings.ledger_topic
    kept = [name for name in names if name != ledger]
    created = create_kept(servers, kept, partitions, retention_bytes)
    if ledger in names:
        # Of a shard's accounts the newest counts, however old it is.
        created += create(servers, [ledger], 1, COMPACTED)
    return created


def create_outputs(settings: Settings, partitions: int, retention_bytes: int = -1) -> None:
    """Create the output topics of a job that do not exist: see ``create_of``."""
    create_of(settings, settings.outputs.values(), partitions, retention_bytes)


def delete(admin: KafkaAdminClient, name: str) -> bool:
    """Delete a topic with all that is in it, and return when the broker has forgotten it.

    Returns:
        Whether there was one.
    """
    try:
        admin.delete_topics([name])
    except UnknownTopicOrPartitionError:
        return False
    wait_until(lambda: name not in admin.list_topics(), f"topic {name} to be deleted")
    return True


def described(admin: KafkaAdminClient, kafka: KafkaConsumer, names: Collection[str]) -> list[Topic]:
    """The topics of these names that exist, in their order.

    Args:
        admin: A client of the broker.
        kafka: Another, which reads nothing but offsets.
        names: Those wanted.
    """
    existing = set(admin.list_topics())
    names = [name for name in names if name in existing]
    if not names:
        return []
    numbers = {each["name"]: len(each["partitions"]) for each in admin.describe_topics(names)}
    wanted = dict.fromkeys(_CONFIGS)
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, wanted) for name in names]
    configs = admin.describe_configs(resources, config_filter="all")["topic"]
    sizes = Counter[str]()
    for broker in admin.describe_log_dirs(names):
        for folder in broker["log_dirs"]:
            for topic in folder["topics"]:
                sizes[topic["name"]] += sum(each["partition_size"] for each in topic["partitions"])
    held = counts(kafka, names)
    return [
        Topic(
            name,
            numbers[name],
            held[name],
            sizes[name],
            int(configs[name]["retention.ms"]["value"]),
            int(configs[name]["retention.bytes"]["value"]),
            "compact" in configs[name]["cleanup.policy"]["value"],
        )
        for name in names
    ]


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
