"""Rejected records, repaired and sent to the topic that they came from.

Each goes to the partition it stood in, with its key and timestamp, and with a header that says
which record it repairs. So it lies behind that record in the same log, where the next run looks
for such headers and sends nothing twice.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from kafka import KafkaConsumer, TopicPartition

from jobs.settings import Settings
from scripts.rerun.repairs import UNKNOWN_MS, Repair, judge
from scripts.sources.sender import producer
from scripts.stack import topics
from scripts.stack.errors import StackError
from udfs.dead_letters import DeadLetter

HEADER = "tapeline-repaired-from"
REPORT_EVERY = 500_000
FLUSH_EVERY = 10_000
SHOWN = 10
"""Records of which it is said what they became."""

_decoder = msgspec.json.Decoder(DeadLetter)


@dataclass(frozen=True, order=True)  # a tuple's own index() leaves no room for the field
class Place:
    """Where a record stood."""

    topic: str
    partition: int
    offset: int
    index: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}/{self.index}"

    @property
    def message(self) -> tuple[str, int, int]:
        """Where the message stood that it was in."""
        return self.topic, self.partition, self.offset

    @property
    def header(self) -> bytes:
        """The value of the header of its repaired record."""
        return str(self).encode()


class Original(NamedTuple):
    """What is kept of the message that a record was in."""

    timestamp_ms: int
    key: bytes | None


@dataclass
class Past:
    """What the logs say of the letters' sources."""

    originals: dict[tuple[str, int, int], Original] = field(default_factory=dict)
    sent: set[bytes] = field(default_factory=set)
    """The headers of all records that were repaired before."""


@dataclass
class Outcome:
    """What became of the letters."""

    repaired: int = 0
    sent_before: int = 0
    left: int = 0
    """The repair did not apply to them."""
    without_topic: int = 0
    """Their topic is no more."""
    broken: Counter[str] = field(default_factory=Counter)
    """Reasons of those that are still broken."""

    def lines(self) -> Iterable[str]:
        """The outcome in words."""
        yield f"{self.repaired:,} repaired"
        yield f"{self.broken.total():,} still broken"
        yield from (f"  {count:,} {reason}" for reason, count in self.broken.most_common())
        skipped = self.sent_before + self.left + self.without_topic
        yield f"{skipped:,} skipped"
        for count, why in (
            (self.sent_before, "were repaired and sent before"),
            (self.left, "the repair does not apply to"),
            (self.without_topic, "of topics that are no more"),
        ):
            if count:
                yield f"  {count:,} {why}"


def place_of(letter: DeadLetter) -> Place:
    """Where the rejected record stood."""
    return Place(letter.topic, letter.partition, letter.offset, letter.index)


def read_letters(kafka: KafkaConsumer, topic: str, reason: str | None) -> dict[Place, DeadLetter]:
    """The letters of a topic, each once, all or those of one reason, in the order of their places.

    Raises:
        StackError: There is no such topic.
    """
    parts = topics.partitions(kafka, [topic])
    if not parts:
        raise StackError(f"there is no topic {topic}")
    found = {}
    for record in topics.records(kafka, dict.fromkeys(parts, 0)):
        letter = _decoder.decode(record.value)
        if reason is None or letter.reason == reason:
            found[place_of(letter)] = letter
    return dict(sorted(found.items()))


def read_past(
    kafka: KafkaConsumer, places: Iterable[Place], say: Callable[[str], None] = print
) -> Past:
    """Reads the sources of letters, from the oldest letter of each partition on."""
    first: dict[TopicPartition, int] = {}
    wanted = set()
    for place in places:
        part = TopicPartition(place.topic, place.partition)
        first[part] = min(place.offset, first.get(part, place.offset))
        wanted.add(place.message)
    existing = set(topics.partitions(kafka, {part.topic for part in first}))
    past = Past()
    sources = {part: offset for part, offset in first.items() if part in existing}
    for read, record in enumerate(topics.records(kafka, sources), start=1):
        at = record.topic, record.partition, record.offset
        if at in wanted:
            past.originals[at] = Original(record.timestamp, record.key)
        past.sent.update(value for name, value in record.headers if name == HEADER)
        if not read % REPORT_EVERY:
            say(f"looked through {read:,} records of the input")
    return past


def resubmit(
    settings: Settings,
    repair: Repair,
    *,
    reason: str | None = None,
    dry_run: bool = False,
    say: Callable[[str], None] = print,
) -> Outcome:
    """Repairs rejected records and sends those that are valid then.

    Args:
        settings: Those of the job that rejected them: broker, topics, ``max_ahead_ms``.
        repair: What makes a record valid.
        reason: The code of the letters to repair; all if None.
        dry_run: Send nothing.
        say: Takes a line of progress.

    Raises:
        StackError: There are no such topics, or Kafka did not take a record.
    """
    with topics.consumer(settings.bootstrap_servers) as kafka:
        letters = read_letters(kafka, settings.dead_letters_topic, reason)
        say(f"{len(letters):,} dead letters{f' of reason {reason}' if reason else ''}")
        past = read_past(kafka, letters, say)
        existing = set(topics.partitions(kafka, {place.topic for place in letters}))
    outcome = Outcome()
    with producer(settings.bootstrap_servers, "zstd") as kafka:
        futures = []
        for place, letter in letters.items():
            if TopicPartition(place.topic, place.partition) not in existing:
                outcome.without_topic += 1
                continue
            if place.header in past.sent:
                outcome.sent_before += 1
                continue
            payload = repair(letter)
            if payload is None:
                outcome.left += 1
                continue
            original = past.originals.get(place.message)
            time_ms = original.timestamp_ms if original else UNKNOWN_MS
            verdict = judge(payload, time_ms, settings.max_ahead_ms)
            if verdict.reason is not None:
                outcome.broken[verdict.reason] += 1
                if outcome.broken.total() <= SHOWN:
                    say(f"still broken: {place}: {verdict.detail}")
                continue
            outcome.repaired += 1
            if outcome.repaired <= SHOWN:
                say(f"{place}: {_short(letter.payload)} -> {_short(payload)}")
            if not dry_run:
                original = original or Original(verdict.timestamp, verdict.symbol.encode())
                futures.append(_send(kafka, place, original, payload))
                if not len(futures) % FLUSH_EVERY:  # kafka-python's own buffer has no bound
                    kafka.flush()
        kafka.flush()
    failures = [future.exception for future in futures if future.failed()]
    if failures:
        raise StackError(
            f"Kafka did not take {len(failures):,} of {len(futures):,} records, the first because "
            f"of {failures[0]!r}; run it again to send those alone"
        )
    return outcome


def _send(kafka: Any, place: Place, original: Original, payload: bytes) -> Any:
    return kafka.send(
        place.topic,
        payload,
        key=original.key,
        partition=place.partition,
        timestamp_ms=original.timestamp_ms,
        headers=[(HEADER, place.header)],
    )


def _short(payload: bytes, size: int = 120) -> str:
    text = payload[:size].decode(errors="replace")
    return text + ("..." if len(payload) > size else "")
