"""Every Kafka table, in one place: names, columns and connector options."""

from collections.abc import Mapping, Sequence

from jobs.settings import OUTPUTS, Settings
from jobs.sql import interval
from udfs.sources import PARTITIONS_PER_TOPIC

MAX_MESSAGE_BYTES = 12 << 20
"""A dead letter carries its payload in base64: a third more than the largest message read."""
SINKS = {
    "dead_letters": ("dead_letters",),
    "outputs": tuple(name for name in OUTPUTS if name != "correlations"),
    "correlations": ("correlations",),
}
"""Each table that is written to, with its outputs: the dead letters of decode, what ``aggregate``
makes (dead letters too), and what ``correlate`` makes. A union of both kinds of dead letters would
take decode's out of the chain of its operators: a tenth more CPU in the JVM where 5% are broken."""

_TIMESTAMP = r'"timestamp"\s*:\s*(\d{1,15})'
"""The first of a message in JSON, as a regular expression."""
_SENT = r"\x0152=(\d{8}-\d\d:\d\d:\d\d)"
"""SendingTime of the first message of FIX in a record, to the second."""
_SENT_FORMAT = "yyyyMMdd-HH:mm:ss"


def _options(options: Mapping[str, object]) -> str:
    return ",\n  ".join(f"'{key}' = '{value}'" for key, value in options.items())


def _create(name: str, columns: str, options: Mapping[str, object]) -> str:
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
    return _create(
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


def sink(settings: Settings, table: str, outputs: Sequence[str]) -> str:
    """Messages made by ``udfs`` to these outputs, key and value as they are.

    One producer for all of them: each has a thread, a buffer and, exactly-once, a transaction.

    Args:
        settings: Those of the job.
        table: The name of the table.
        outputs: Of OUTPUTS. Where they are several, column ``topic`` says which a message is for.
    """
    topics = [settings.outputs[name] for name in outputs]
    transactions = {
        "sink.transactional-id-prefix": f"{settings.group_id}-{table}-{topics[0]}",
        "properties.transaction.timeout.ms": settings.transaction_timeout_ms,
    }
    return _create(
        table,
        "message_key BYTES, message BYTES" + (", topic STRING METADATA" if len(topics) > 1 else ""),
        {
            "connector": "kafka",
            "properties.bootstrap.servers": settings.bootstrap_servers,
            "properties.client.id": f"{settings.group_id}-{table}-{topics[0]}",
            "properties.max.request.size": MAX_MESSAGE_BYTES,
            "properties.compression.type": "zstd",
            # Of anomalies 7.9 times smaller at 800 MB/s; at 3, its own level, 6.9 times at 470.
            "properties.compression.zstd.level": 1,
            "properties.batch.size": 1 << 18,
            "properties.linger.ms": 20,
            "topic": ";".join(topics),
            # They are made one minute after the other: two subtasks could send the next one first.
            **({"sink.parallelism": 1} if table == "correlations" else {}),
            "sink.delivery-guarantee": settings.delivery,
            **(transactions if settings.delivery == "exactly-once" else {}),
            "key.format": "raw",
            "key.fields": "message_key",
            "value.format": "raw",
            "value.fields-include": "EXCEPT_KEY",
        },
    )
