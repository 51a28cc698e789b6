"""The newest messages of a topic, straight from Kafka."""

import sys
from typing import Annotated, Any

import typer
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from ..errors import UnreachableError
from .texts import clock, safe

POLL_MS = 500
CONNECT_MS = 10_000


def tail(
    topic: Annotated[str, typer.Argument()],
    count: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="And those that come.")] = False,
    place: Annotated[
        bool, typer.Option("--place", "-p", help="With partition, offset, time and key.")
    ] = False,
    servers: Annotated[
        str, typer.Option(envvar="TAPELINE_BOOTSTRAP_SERVERS", help="Of Kafka.")
    ] = "127.0.0.1:9092",
) -> None:
    """The newest messages of a topic, each a line, in the order of their times.

    It asks Kafka itself, not the service, and sees what is committed.
    """
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=servers.split(","),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            bootstrap_timeout_ms=CONNECT_MS,
        )
    except KafkaError as error:
        raise UnreachableError(f"no answer from Kafka at {servers}: {error}") from error
    with consumer as kafka:
        numbers = kafka.partitions_for_topic(topic)
        if not numbers:
            known = ", ".join(sorted(kafka.topics())) or "none"
            raise ValueError(f"there is no topic {topic!r}; there are {known}")
        parts = [TopicPartition(topic, number) for number in sorted(numbers)]
        for message in _newest(kafka, parts, count):
            _print(message, place)
        while follow:
            for batch in kafka.poll(timeout_ms=POLL_MS).values():
                for message in batch:
                    _print(message, place)


def _newest(kafka: KafkaConsumer, parts: list[TopicPartition], count: int) -> list[Any]:
    """So many messages; the consumer goes on after the end as it was when this began."""
    ends = kafka.end_offsets(parts)
    starts = kafka.beginning_offsets(parts)
    found: list[Any] = []
    for part in parts:
        own: list[Any] = []
        end, back = ends[part], count
        # Markers of transactions have offsets too, and are no messages: go back until there are
        # enough.
        while back and len(own) < min(count, end - starts[part]):
            since = max(starts[part], end - back)
            own = _between(kafka, part, since, end)
            if since == starts[part]:
                break
            back *= 2
        found += own[-count:] if count else []
    kafka.assign(parts)
    for part in parts:
        kafka.seek(part, ends[part])
    found.sort(key=lambda each: each.timestamp)
    return found[-count:] if count else []


def _between(kafka: KafkaConsumer, part: TopicPartition, since: int, end: int) -> list[Any]:
    kafka.assign([part])
    kafka.seek(part, since)
    found: list[Any] = []
    while kafka.position(part) < end:
        for batch in kafka.poll(timeout_ms=POLL_MS).values():
            found += [each for each in batch if each.offset < end]
    return found


def _print(message: Any, place: bool) -> None:
    value = _text(message.value)
    if place:
        where = f"{message.partition}/{message.offset}"
        value = f"{where}\t{clock(message.timestamp)}\t{_text(message.key)}\t{value}"
    sys.stdout.write(value + "\n")
    sys.stdout.flush()


def _text(value: bytes | None) -> str:
    return safe((value or b"").decode(errors="backslashreplace"))
