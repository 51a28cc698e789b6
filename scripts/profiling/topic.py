"""A Kafka topic as an input: what it holds now, to the newest record."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from jobs.settings import Settings
from scripts.profiling.piece import BYTES, Piece, of_messages
from scripts.profiling.terms import ProfileError
from scripts.stack import topics
from udfs.sources import PARTITIONS_PER_TOPIC

RECORDS = 10_000
"""So many of a partition, about, are a piece."""


class Topic:
    """A topic; one that the settings name as one of orders holds FIX.

    Args:
        name: Of the topic.
        settings: Where it is, and how far ahead a trade may be.

    Raises:
        ProfileError: There is no such topic.
        KafkaError: Kafka does not answer.
    """

    is_topic = True

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = f"topic:{name}"
        self._settings = settings
        numbers = {each: number for number, each in settings.topics.items()}
        first = numbers.get(name, 0) * PARTITIONS_PER_TOPIC
        with topics.consumer(settings.bootstrap_servers) as kafka:
            self._partitions = topics.partitions(kafka, [name])
            held = topics.counts(kafka, [name])
        if not self._partitions:
            raise ProfileError(f"there is no topic {name} at {settings.bootstrap_servers}")
        self._sources = {part: first + part.partition for part in self._partitions}
        self.parts = {source: f"{name}/{part.partition}" for part, source in self._sources.items()}
        self.total = float(held[name])

    def pieces(self) -> Iterator[Piece]:
        """All of it: see ``Input``."""
        waiting: dict[int, list[Any]] = defaultdict(list)
        size = Counter[int]()
        first = {part.partition: source for part, source in self._sources.items()}
        with topics.consumer(self._settings.bootstrap_servers) as kafka:
            for record in topics.records(kafka, dict.fromkeys(self._partitions, 0)):
                source = first[record.partition]
                waiting[source].append(record)
                size[source] += len(record.value or b"")
                if len(waiting[source]) >= RECORDS or size[source] >= BYTES:
                    size[source] = 0
                    yield from self._of(source, waiting.pop(source))
        for source, records in waiting.items():
            yield from self._of(source, records)

    def _of(self, source: int, records: list[Any]) -> Iterator[Piece]:
        return of_messages(
            [record.value for record in records],
            np.array([record.offset for record in records], np.int64),
            np.array([record.timestamp for record in records], np.int64),
            source,
            self._settings.max_ahead_ms,
            float(len(records)),
        )
