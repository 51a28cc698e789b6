"""The Kafka table that the job reads: columns and connector options."""

from collections.abc import Mapping

from jobs.settings import Settings
from jobs.sql import interval
from udfs.sources import PARTITIONS_PER_TOPIC

_TIMESTAMP = r'"timestamp"\s*:\s*(\d{1,15})'
"""The first of a message in JSON, as a regular expression."""
_SENT = r"\x0152=(\d{8}-\d\d:\d\d:\d\d)"
"""SendingTime of the first message of FIX in a record, to the second."""
_SENT_FORMAT = "yyyyMMdd-HH:mm:ss"


def _options(options: Mapping[str, object]) -> str:
    return ",\n  ".join(f"'{key}' = '{value}'" for key, value in options.items())


def create(name: str, columns: str, options: Mapping[str, object]) -> str:
    """SQL that declares a table."""
    return f"CREATE TEMPORARY TABLE {name} (\n  {columns}\n) WITH (\n  {_options(options)}\n)"


def trades(settings: Settings) -> str:
    """Input: raw Kafka records, with watermarks per partition out of their own timestamps."""
    bounded = _end(settings)
    # A backfill waits for its slowest partition: wall-clock silence would make trades late.
    idle_timeout_ms = 0 if bounded else settings.idle_timeout_ms
    # Of a bounded source Flink's alignment may pause a partition that has been read to its end, and
    # the job fails by it (FLINK-39728, in the connector up to 5.0.0).
    aligned = settings.max_drift_ms and not bounded
    drift = {
        "scan.watermark.alignment.group": "trades",
        "scan.watermark.alignment.max-drift": f"{settings.max_drift_ms} ms",
        "scan.watermark.alignment.update-interval": "200 ms",
    }
    time, columns = _event_time(settings)
    # A time far ahead of the clock is an error of its producer's, and moves nothing.
    ahead = f"CURRENT_TIMESTAMP + {interval(settings.max_ahead_ms)}"
    delay = interval(settings.watermark_delay_ms)
    return create(
        "trades",
        "payload BYTES,\n"
        "  `topic` STRING METADATA VIRTUAL,\n"
        "  `partition` INT METADATA VIRTUAL,\n"
        "  `offset` BIGINT METADATA VIRTUAL,\n"
        f"  `timestamp` TIMESTAMP_LTZ(3) METADATA VIRTUAL,\n{columns}"
        f"  WATERMARK FOR {time} AS CASE WHEN {time} <= {ahead} THEN {time} - {delay} END",
        {
            "connector": "kafka",
            "properties.bootstrap.servers": settings.bootstrap_servers,
            "properties.group.id": settings.group_id,
            "properties.client.id.prefix": f"{settings.group_id}-trades",
            "properties.max.poll.records": 10_000,
            "topic": ";".join(settings.inputs),
            "format": "raw",
            "properties.isolation.level": "read_committed",
            "scan.watermark.idle-timeout": f"{idle_timeout_ms} ms",
            **(drift if aligned else {}),
            **_start(settings),
            **bounded,
        },
    )


def _start(settings: Settings) -> dict[str, object]:
    from_ms, _ = settings.span_ms
    if from_ms is not None:
        return {"scan.startup.mode": "timestamp", "scan.startup.timestamp-millis": from_ms}
    if settings.start_from == "group":
        return {
            "scan.startup.mode": "group-offsets",
            "properties.auto.offset.reset": "earliest",
        }
    return {"scan.startup.mode": f"{settings.start_from}-offset"}


def _end(settings: Settings) -> dict[str, object]:
    """Where each partition ends; nothing if it does not."""
    if settings.stop_at == "never":
        return {}
    if settings.stop_at == "latest":
        return {"scan.bounded.mode": "latest-offset"}
    return {"scan.bounded.mode": "timestamp", "scan.bounded.timestamp-millis": end_ms(settings)}


def end_ms(settings: Settings) -> int:
    """At which record timestamp (ms) the reading of a partition ends, where it ends at one.

    Kafka finds the first record of that time or later. Older ones may come after it: as far as
    they come out of order they are read too, and ``within`` takes what belongs.
    """
    _, to_ms = settings.span_ms
    if to_ms is None:
        raise ValueError(f"stop_at is {settings.stop_at}, not a time")
    return to_ms + settings.watermark_delay_ms


def within(settings: Settings) -> str:
    """SQL for what is taken of ``trades``: a condition on each record; always true of most jobs."""
    from_ms, to_ms = settings.span_ms
    if to_ms is None:
        return "TRUE"
    until = f"`timestamp` < TO_TIMESTAMP_LTZ({to_ms}, 3)"
    if from_ms is None:
        return until
    return f"`timestamp` >= TO_TIMESTAMP_LTZ({from_ms}, 3) AND {until}"


def _event_time(settings: Settings) -> tuple[str, str]:
    """The column that the watermark follows, and its declaration if there is need of one."""
    if settings.event_time_from == "record":
        return "`timestamp`", ""
    text = "CAST(payload AS STRING)"
    own = f"TO_TIMESTAMP_LTZ(CAST(REGEXP_EXTRACT({text}, '{_TIMESTAMP}', 1) AS BIGINT), 3)"
    if settings.orders_topics:
        sent = f"TO_TIMESTAMP(REGEXP_EXTRACT({text}, '{_SENT}', 1), '{_SENT_FORMAT}')"
        own = f"COALESCE({own}, CAST({sent} AS TIMESTAMP_LTZ(3)))"
    ahead = f"`timestamp` + {interval(settings.max_ahead_ms)}"
    return "event_time", f"  event_time AS CASE WHEN {own} <= {ahead} THEN {own} END,\n"


def source_number(settings: Settings) -> str:
    """SQL for the number of a record's topic and partition: see ``udfs.sources``.

    One INT column through Python instead of a text one; a single topic costs nothing at all.
    """
    if len(settings.inputs) == 1:
        return "`partition`"
    cases = " ".join(
        f"WHEN '{topic}' THEN {number * PARTITIONS_PER_TOPIC}"
        for number, topic in settings.topics.items()
    )
    return f"CASE `topic` {cases} END + `partition`"
