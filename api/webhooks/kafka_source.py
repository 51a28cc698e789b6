"""The alerts for one target, read from Kafka by a consumer group of its own."""

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Self

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from api.connect import ANSWER_MS, connect
from api.webhooks.parcel import Parcel, parcel

POLL_MS = 200  # the longest wait for an alert, and so for the order to stop
CLOSE_MS = 500  # the longest that leaving the group may take
SESSION_MS = 10_000  # after which the others of a group take over from one that died

log = logging.getLogger(__name__)


class KafkaSource(ConsumerRebalanceListener):  # type: ignore[misc]
    """One member of a target's consumer group; used by one thread.

    A group that never committed begins with the alerts that are not too old. All waiting is done
    in polls, which keep the membership: partitions that nothing is wanted of are paused.

    Args:
        consumer: Of the group, subscribed to nothing.
        topic: That of alerts.
        stopping: Set when the service stops.
        clock: The time, ms since the epoch.
        max_age_ms: How old the first alert of a new group may be, by its record's timestamp.
    """

    def __init__(
        self,
        consumer: KafkaConsumer,
        topic: str,
        stopping: threading.Event,
        clock: Callable[[], int],
        max_age_ms: int,
    ) -> None:
        self._consumer = consumer
        self._stopping = stopping
        self._clock = clock
        self._max_age_ms = max_age_ms
        self._new: set[TopicPartition] = set()  # assigned and paused, not read yet
        self._done: dict[TopicPartition, int] = {}  # to be committed: the offset to go on from
        consumer.subscribe([topic], listener=self)

    @classmethod
    def connect(
        cls,
        bootstrap_servers: str,
        group: str,
        topic: str,
        stopping: threading.Event,
        clock: Callable[[], int],
        max_age_ms: int,
    ) -> Self:
        """Connect to Kafka.

        Raises:
            KafkaError: No broker answered.
        """
        consumer = connect(
            KafkaConsumer,
            bootstrap_servers,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # where a partition has lost what was committed
            isolation_level="read_committed",  # a job's transaction may still be aborted
            metadata_max_age_ms=5_000,  # how soon a new partition is seen
            session_timeout_ms=SESSION_MS,
        )
        return cls(consumer, topic, stopping, clock, max_age_ms)

    def take(self) -> Parcel | None:
        """The next alert, waited for a moment; None if there is none now.

        Raises:
            KafkaError: The broker does not answer.
        """
        self._begin()
        for partition, (record,) in self._consumer.poll(POLL_MS, max_records=1).items():
            place = partition, record.offset
            found = parcel(record.value, place)
            if found is None:
                log.warning("no alert at %s, partition %d, offset %d", *partition, record.offset)
                self._done[partition] = record.offset + 1
            return found
        self._commit()
        return None

    def pass_over(self, parcel: Parcel) -> None:
        """The alert is not for this target; what is committed next has it too."""
        partition, offset = parcel.place
        if partition in self._consumer.assignment():
            self._done[partition] = offset + 1

    def settle(self, parcel: Parcel) -> None:
        """The alert is dealt with: commit that."""
        self.pass_over(parcel)
        self._commit()

    def rest(self, seconds: float) -> bool:
        """Wait, giving no alert; False if the service stops, which ends the wait at once.

        Raises:
            KafkaError: The broker does not answer.
        """
        until = time.monotonic() + seconds
        while not self._stopping.is_set() and (left := until - time.monotonic()) > 0:
            # Again and again: a partition that was just assigned is not paused.
            self._consumer.pause(*self._consumer.assignment())
            self._consumer.poll(timeout_ms=min(POLL_MS, left * 1_000))
        self._consumer.resume(*self._consumer.paused() - self._new)
        return not self._stopping.is_set()

    def close(self) -> None:
        """Leave the group, so that its others take over at once."""
        self._consumer.close(autocommit=False, timeout_ms=CLOSE_MS)

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """These are to be read: from where, is found out first."""
        self._consumer.pause(*assigned)
        self._new.update(assigned)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """These are another's now: to commit them would undo what that one has done."""
        self._new.difference_update(revoked)
        for partition in revoked:
            self._done.pop(partition, None)
        # A join that a change of the topic's partitions asked for, and that outlasts the poll which
        # began it, is forgotten by kafka-python 3.0.12: the client would be given no partition ever
        # again. What is asked for here holds until the join is complete.
        self._consumer._coordinator.request_rejoin()

    def _begin(self) -> None:
        """Begin to read what was assigned: where the group was, or with what is not too old."""
        for partition in tuple(self._new):
            offset = self._consumer.committed(partition, timeout_ms=ANSWER_MS)
            if offset is None:
                offset = self._first(partition)
                # A restart before the first alert is to begin there too.
                self._done[partition] = offset
                self._commit()
            self._consumer.seek(partition, offset)
            self._new.discard(partition)
            self._consumer.resume(partition)

    def _first(self, partition: TopicPartition) -> int:
        # The end first: what comes in between is found by its time, or lies behind that end.
        end = self._consumer.end_offsets([partition], timeout_ms=ANSWER_MS)[partition]
        since = self._clock() - self._max_age_ms
        found = self._consumer.offsets_for_times({partition: since}, timeout_ms=ANSWER_MS)
        return int(found[partition].offset if found.get(partition) else end)

    def _commit(self) -> None:
        done = dict(self._done)  # partitions come and go in another thread
        if not done:
            return
        try:
            offsets = {each: OffsetAndMetadata(at, "", -1) for each, at in done.items()}
            self._consumer.commit(offsets, timeout_ms=ANSWER_MS)
        except KafkaError as error:
            # It stays to be committed; at worst these alerts are delivered again.
            log.warning("cannot commit what was delivered: %s", error)
        else:
            for partition in done:
                self._done.pop(partition, None)
