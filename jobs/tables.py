"""Every Kafka table, in one place: names, columns and connector options."""

from collections.abc import Mapping

from jobs.settings import Settings
from jobs.sql import interval
from udfs.dead_letters import PARTITIONS_PER_TOPIC

MAX_MESSAGE_BYTES = 12 << 20
"""A dead letter carries its payload in base64: a third more than the largest message read."""


def _options(options: Mapping[str, object]) -> str:
    return ",\n  ".join(f"'{key}' = '{value}'" for key, value in options.items())


def _create(name: str, columns: str, options: Mapping[str, object]) -> str:
    return f"CREATE TEMPORARY TABLE {name} (\n  {columns}\n) WITH (\n  {_options(options)}\n)"


def trades(settings: Settings) -> str:
    """Input: raw Kafka records, with watermarks per partition out of their own timestamps."""
    startup = {
        "group": {
            "scan.startup.mode": "group-offsets",
            "properties.auto.offset.reset": "earliest",
        },
        "earliest": {"scan.startup.mode": "earliest-offset"},
        "latest": {"scan.startup.mode": "latest-offset"},
    }[settings.start_from]
    bounded = {"scan.bounded.mode": "latest-offset"} if settings.stop_at == "latest" else {}
    # A backfill waits for its slowest partition: wall-clock silence would make trades late.
    idle_timeout_ms = 0 if bounded else settings.idle_timeout_ms
    return _create(
        "trades",
        "payload BYTES,\n"
        "  `topic` STRING METADATA VIRTUAL,\n"
        "  `partition` INT METADATA VIRTUAL,\n"
        "  `offset` BIGINT METADATA VIRTUAL,\n"
        "  `timestamp` TIMESTAMP_LTZ(3) METADATA VIRTUAL,\n"
        "  WATERMARK FOR `timestamp` AS `timestamp` - "
        f"{interval(settings.watermark_delay_ms)}",
        {
            "connector": "kafka",
            "properties.bootstrap.servers": settings.bootstrap_servers,
            "properties.group.id": settings.group_id,
            "properties.client.id.prefix": f"{settings.group_id}-trades",
            "properties.max.poll.records": 10_000,
            "topic": ";".join(settings.trades_topics),
            "format": "raw",
            "scan.watermark.idle-timeout": f"{idle_timeout_ms} ms",
            **startup,
            **bounded,
        },
    )


def source_number(settings: Settings) -> str:
    """SQL for the number of a record's topic and partition: index * 65536 + partition.

    One INT column through Python instead of a text one; a single topic costs nothing at all.
    """
    if len(settings.trades_topics) == 1:
        return "`partition`"
    cases = " ".join(
        f"WHEN '{topic}' THEN {i * PARTITIONS_PER_TOPIC}"
        for i, topic in enumerate(settings.trades_topics)
    )
    return f"CASE `topic` {cases} END + `partition`"


def source_of_letter(settings: Settings) -> str:
    """SQL for the topic that a dead letter (``piece``) came from."""
    if len(settings.trades_topics) == 1:
        return f"'{settings.trades_topics[0]}'"
    return "JSON_VALUE(CAST(piece AS STRING), '$.topic')"


def _sink(settings: Settings, topic: str) -> dict[str, object]:
    return {
        "connector": "kafka",
        "properties.bootstrap.servers": settings.bootstrap_servers,
        "properties.client.id": f"{settings.group_id}-{topic}",
        "properties.max.request.size": MAX_MESSAGE_BYTES,
        "properties.compression.type": "zstd",
        "properties.batch.size": 1 << 18,
        "properties.linger.ms": 20,
        "topic": topic,
        "sink.delivery-guarantee": "at-least-once",
    }


CANDLE_COLUMNS = (
    "symbol STRING, `interval` STRING, `start` BIGINT, `end` BIGINT, "
    "`open` DOUBLE, high DOUBLE, low DOUBLE, `close` DOUBLE, "
    "volume DOUBLE, notional DOUBLE, vwap DOUBLE, trades BIGINT, buy_volume DOUBLE, "
    "final BOOLEAN, revision INT, updated_at BIGINT"
)


def candles(settings: Settings) -> str:
    """Output: candles of every interval, keyed by symbol and interval."""
    return _create(
        "candles",
        CANDLE_COLUMNS,
        {
            **_sink(settings, settings.candles_topic),
            "key.format": "json",
            "key.fields": "symbol;interval",
            "value.format": "json",
        },
    )


def late_trades(settings: Settings) -> str:
    """Output: trades that came after their second was closed, keyed by symbol."""
    return _create(
        "late_trades",
        "symbol STRING, price DOUBLE, quantity DOUBLE, `timestamp` BIGINT, side STRING, "
        "trade_id STRING, exchange STRING, lateness BIGINT, "
        "`topic` STRING, `partition` INT, `offset` BIGINT",
        {
            **_sink(settings, settings.late_trades_topic),
            "key.format": "raw",
            "key.fields": "symbol",
            "value.format": "json",
        },
    )


def dead_letters(settings: Settings) -> str:
    """Output: rejected records as JSON made by ``udfs.dead_letters``, keyed by source topic."""
    return _create(
        "dead_letters",
        "source_topic STRING, letter BYTES",
        {
            **_sink(settings, settings.dead_letters_topic),
            "key.format": "raw",
            "key.fields": "source_topic",
            "value.format": "raw",
            "value.fields-include": "EXCEPT_KEY",
        },
    )


def insert_late_trades(settings: Settings, source: str) -> str:
    """The statement that writes the rows of ``udfs.late`` to their topic."""
    cases = " ".join(f"WHEN {i} THEN '{t}'" for i, t in enumerate(settings.trades_topics))
    return (
        "INSERT INTO late_trades SELECT symbol, price, quantity, `timestamp`, side, trade_id, "
        f"exchange, lateness, CASE topic_index {cases} END, `partition`, `offset` FROM {source}"
    )
