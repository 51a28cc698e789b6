import re

import pytest

from jobs import tables
from jobs.settings import Settings


def settings(**values: object) -> Settings:
    return Settings(**values)  # type: ignore[arg-type]


def options(statement: str) -> dict[str, str]:
    """What stands in the WITH of a CREATE TABLE."""
    return dict(re.findall(r"'([^']+)' = '([^']*)'", statement.split(") WITH (")[1]))


@pytest.mark.parametrize(
    ("start_from", "mode", "reset"),
    [
        ("group", "group-offsets", "earliest"),
        ("earliest", "earliest-offset", None),
        ("latest", "latest-offset", None),
        ("1767268800000", "timestamp", None),
    ],
)
def test_the_source_starts_where_it_is_told_to(
    start_from: str, mode: str, reset: str | None
) -> None:
    found = options(tables.trades(settings(start_from=start_from)))
    assert found["scan.startup.mode"] == mode
    assert found.get("properties.auto.offset.reset") == reset


def test_the_source_ends_only_if_it_is_told_to() -> None:
    assert "scan.bounded.mode" not in options(tables.trades(settings()))
    bounded = options(tables.trades(settings(stop_at="latest")))
    assert bounded["scan.bounded.mode"] == "latest-offset"
    assert bounded["scan.watermark.idle-timeout"] == "0 ms"  # no partition runs ahead of another


def test_a_range_is_read_from_its_start_until_nothing_of_it_can_come_any_more() -> None:
    given = settings(start_from="60000", stop_at="90000", watermark_delay_ms=2_000)
    found = options(tables.trades(given))
    assert found["scan.startup.timestamp-millis"] == "60000"
    assert found["scan.bounded.mode"] == "timestamp"
    assert found["scan.bounded.timestamp-millis"] == "92000"
    assert found["scan.watermark.idle-timeout"] == "0 ms"


@pytest.mark.parametrize(
    ("start_from", "stop_at", "condition"),
    [
        ("group", "latest", "TRUE"),
        # What comes late to a job that goes on is no less of the stream.
        ("60000", "never", "TRUE"),
        ("earliest", "90000", "`timestamp` < TO_TIMESTAMP_LTZ(90000, 3)"),
        (
            "60000",
            "90000",
            "`timestamp` >= TO_TIMESTAMP_LTZ(60000, 3) AND "
            "`timestamp` < TO_TIMESTAMP_LTZ(90000, 3)",
        ),
    ],
)
def test_of_a_range_only_its_own_records_are_taken(
    start_from: str, stop_at: str, condition: str
) -> None:
    assert tables.within(settings(start_from=start_from, stop_at=stop_at)) == condition


def test_the_source_reads_raw_bytes_of_all_topics() -> None:
    found = options(
        tables.trades(
            settings(
                bootstrap_servers="a:1,b:2",
                group_id="g",
                trades_topics=("one", "two"),
                idle_timeout_ms=1_234,
            )
        )
    )
    assert found["connector"] == "kafka"
    assert found["format"] == "raw"
    assert found["topic"] == "one;two;orders"
    assert found["properties.bootstrap.servers"] == "a:1,b:2"
    assert found["properties.group.id"] == "g"
    assert found["scan.watermark.idle-timeout"] == "1234 ms"


@pytest.mark.parametrize(
    ("ms", "text"), [(0, "0 00:00:00.000"), (2_000, "0 00:00:02.000"), (61_001, "0 00:01:01.001")]
)
def test_the_watermark_is_the_records_time_less_the_delay(ms: int, text: str) -> None:
    statement = tables.trades(settings(watermark_delay_ms=ms))
    assert "WATERMARK FOR `timestamp` AS CASE WHEN `timestamp` <= CURRENT_TIMESTAMP + " in statement
    assert f"THEN `timestamp` - INTERVAL '{text}' DAY TO SECOND(3) END" in statement


def test_the_watermark_can_follow_the_payload() -> None:
    statement = tables.trades(settings(event_time_from="payload"))
    assert "WATERMARK FOR event_time AS CASE WHEN event_time <= CURRENT_TIMESTAMP" in statement
    assert "event_time AS CASE WHEN COALESCE(TO_TIMESTAMP_LTZ(CAST(REGEXP_EXTRACT" in statement


def test_partitions_are_read_side_by_side_unless_they_need_not() -> None:
    drift = "scan.watermark.alignment.max-drift"
    assert options(tables.trades(settings(max_drift_ms=5_000)))[drift] == "5000 ms"
    assert drift not in options(tables.trades(settings(max_drift_ms=0)))
    assert drift not in options(tables.trades(settings(max_drift_ms=5_000, stop_at="latest")))


def test_what_a_transaction_took_back_is_never_read() -> None:
    assert options(tables.trades(settings()))["properties.isolation.level"] == "read_committed"


def test_one_topic_is_numbered_by_its_partitions_alone() -> None:
    only_trades = settings(orders_topics=())
    assert tables.source_number(only_trades) == "`partition`"


def test_several_topics_are_told_apart_by_a_case() -> None:
    several = settings(trades_topics=("one", "two"), orders_topics=("fix",))
    assert tables.source_number(several) == (
        "CASE `topic` WHEN 'one' THEN 0 WHEN 'two' THEN 65536 WHEN 'fix' THEN 1073741824 END"
        " + `partition`"
    )
