"""Sources: a topic and a partition as one number, so that one small column says where from."""

PARTITIONS_PER_TOPIC = 1 << 16
"""A source is a topic's place among the job's times this, plus the partition."""


def named(source: int, topics: tuple[str, ...]) -> tuple[str, int]:
    """Topic and partition of a source."""
    topic, partition = divmod(source, PARTITIONS_PER_TOPIC)
    return topics[topic], partition
