"""The one Kafka reader of the service: a thread that follows the topics and fills the memory."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from api.connect import ANSWER_MS, connect
from api.intake import Intake
from api.live.hub import Hub
from api.metrics import Metrics
from api.reader import Reading
from api.settings import Settings

LOOK_SECONDS = 0.5  # between two looks at the partitions and their ends
POLL_MS = 200  # the longest wait for messages, and so for the order to stop
FEW = 1_000  # messages; who gets so many is behind
GATHER_SECONDS = 0.02
"""How long messages gather before the next few are fetched. A fetch takes 2 ms of the interpreter,
however little it brings, in which no client can be told anything."""
BACKOFF_SECONDS = (0.25, 0.5, 1.0, 2.0)  # before each further attempt to connect; the last repeats
STOP_SECONDS = 1.0

log = logging.getLogger(__name__)


class Feed:
    """Reads every partition of the topics.

    It belongs to no consumer group: every instance of the service reads everything, from the
    newest ``max_replay`` messages of a topic on, and so rebuilds its memory on each start.
    Whatever goes wrong, it says so, connects again and goes on where it was.

    Args:
        settings: Where Kafka is, and how much is replayed.
        intakes: Where the messages of each topic go.
        hub: Who takes them in, and tells clients.
        metrics: Told of messages, failures and lag.
        clock: The time, ms since the epoch.
    """

    def __init__(
        self,
        settings: Settings,
        intakes: Iterable[Intake[Any]],
        hub: Hub,
        metrics: Metrics,
        clock: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._intakes = {intake.topic: intake for intake in intakes}
        self._hub = hub
        self._metrics = metrics
        self._clock = clock
        self._reading = Reading()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._positions: dict[TopicPartition, int] = {}  # where the next consumer goes on
        self._targets: dict[TopicPartition, int] = {}  # the ends as they were found

    @property
    def reading(self) -> Reading:
        """How the reading stood at the last look."""
        return self._reading

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; one that waits for a broker which is gone ends with the process."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        attempts = 0
        while not self._stopping.is_set():
            try:
                with closing(self._connect()) as consumer:
                    while not self._stopping.is_set():
                        self._look(consumer)
                        attempts = 0
                        self._read(consumer, until=time.monotonic() + LOOK_SECONDS)
            except Exception as error:
                # Whatever it is: a reader that died in silence would serve old prices as new.
                if not isinstance(error, KafkaError):
                    log.exception("the reader failed and starts again")
                self._report(replace(self._reading, trouble=str(error) or repr(error)))
                self._stopping.wait(BACKOFF_SECONDS[min(attempts, len(BACKOFF_SECONDS) - 1)])
                attempts += 1

    def _connect(self) -> KafkaConsumer:
        """Make a consumer; it waits for a broker.

        Raises:
            KafkaError: None answered.
        """
        return connect(
            KafkaConsumer,
            self._settings.bootstrap_servers,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",  # a job's transaction may still be aborted
            max_poll_records=10_000,
            max_partition_fetch_bytes=4 << 20,
            metadata_max_age_ms=5_000,  # how soon a new partition is seen
        )

    def _look(self, consumer: KafkaConsumer) -> None:
        """Find the partitions, begin to read new ones, and note how far the reading is."""
        numbers = {topic: consumer.partitions_for_topic(topic) for topic in self._intakes}
        found = [TopicPartition(topic, number) for topic in numbers for number in numbers[topic]]
        ends = consumer.end_offsets(found, timeout_ms=ANSWER_MS)
        if set(found) != consumer.assignment():
            self._assign(consumer, ends)
        missing = tuple(topic for topic in numbers if not numbers[topic])
        lag = dict.fromkeys(numbers, 0)
        positions: dict[tuple[str, int], int] = {}
        behind = set(missing)
        for partition, end in ends.items():
            position = consumer.position(partition, timeout_ms=ANSWER_MS) or 0
            lag[partition.topic] += max(0, end - position)
            positions[partition.topic, partition.partition] = position
            if position < self._targets[partition]:
                behind.add(partition.topic)
        for topic, messages in lag.items():
            self._metrics.lag.labels(topic).set(messages)
        self._hub.look(positions, numbers.keys() - behind)
        caught_up = not behind or self._reading.caught_up
        self._report(Reading(self._clock(), "", missing, caught_up, lag))

    def _assign(self, consumer: KafkaConsumer, ends: dict[TopicPartition, int]) -> None:
        """Read these partitions: known ones on from where they were, others from their tail."""
        new = [partition for partition in ends if partition not in consumer.assignment()]
        begins = consumer.beginning_offsets(new, timeout_ms=ANSWER_MS)
        # What is known of a partition that is gone would be wrong of the next one of that name.
        self._positions = {each: self._positions[each] for each in ends if each in self._positions}
        self._targets = {each: self._targets.get(each, end) for each, end in ends.items()}
        consumer.assign(list(ends))
        for partition in new:
            siblings = sum(each.topic == partition.topic for each in ends)
            enough = self._intakes[partition.topic].replay
            replay = min(self._settings.max_replay, enough or self._settings.max_replay)
            tail = ends[partition] - replay // siblings
            begin = max(begins[partition], self._positions.get(partition, tail))
            consumer.seek(partition, begin)
            self._hub.begin(partition.topic, partition.partition, begin, ends[partition])

    def _read(self, consumer: KafkaConsumer, until: float) -> None:
        """Take in messages until a moment of the monotonic clock."""
        while not self._stopping.is_set() and time.monotonic() < until:
            if not consumer.assignment():
                self._stopping.wait(POLL_MS / 1_000)
                continue
            found = consumer.poll(timeout_ms=POLL_MS)
            for partition, records in found.items():
                topic = partition.topic
                failures = self._hub.take(self._intakes[topic], partition.partition, records)
                self._positions[partition] = records[-1].offset + 1
                self._metrics.messages.labels(topic).inc(len(records))
                self._metrics.decode_failures.labels(topic).inc(failures)
            if sum(map(len, found.values())) < FEW:
                self._stopping.wait(GATHER_SECONDS)

    def _report(self, reading: Reading) -> None:
        """Publish how the reading stands, and log what changed of its state."""
        before, self._reading = self._reading, reading
        if reading.trouble and not before.trouble:
            log.warning("cannot read from Kafka: %s", reading.trouble)
        if before.trouble and not reading.trouble:
            log.info("reading from Kafka again")
        if reading.missing and reading.missing != before.missing:
            log.warning("topics that do not exist yet: %s", ", ".join(reading.missing))
        if reading.caught_up and not before.caught_up:
            log.info("caught up with all that was on Kafka at the start")
