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
    assert found["topic"] == "one;two"
    assert found["properties.bootstrap.servers"] == "a:1,b:2"
    assert found["properties.group.id"] == "g"
    assert found["scan.watermark.idle-timeout"] == "1234 ms"


@pytest.mark.parametrize(
    ("ms", "text"), [(0, "0 00:00:00.000"), (2_000, "0 00:00:02.000"), (61_001, "0 00:01:01.001")]
)
def test_the_watermark_is_the_records_time_less_the_delay(ms: int, text: str) -> None:
    statement = tables.trades(settings(watermark_delay_ms=ms))
    watermark = f"`timestamp` - INTERVAL '{text}' DAY TO SECOND(3)"
    assert f"WATERMARK FOR `timestamp` AS {watermark}" in statement


def test_one_topic_is_numbered_by_its_partitions_alone() -> None:
    assert tables.source_number(settings()) == "`partition`"
    assert tables.source_of_letter(settings()) == "'trades'"


def test_several_topics_are_told_apart_by_a_case() -> None:
    several = settings(trades_topics=("one", "two", "three"))
    assert tables.source_number(several) == (
        "CASE `topic` WHEN 'one' THEN 0 WHEN 'two' THEN 65536 WHEN 'three' THEN 131072 END"
        " + `partition`"
    )
    assert "$.topic" in tables.source_of_letter(several)
    assert "CASE topic_index WHEN 0 THEN 'one' WHEN 1 THEN 'two' WHEN 2 THEN 'three' END" in (
        tables.insert_late_trades(several, "late")
    )


@pytest.mark.parametrize(
    ("name", "keys"),
    [("candles", "symbol;interval"), ("late_trades", "symbol"), ("dead_letters", "source_topic")],
)
def test_every_sink_writes_keyed_to_its_topic_at_least_once(name: str, keys: str) -> None:
    given = settings(**{f"{name}_topic": "elsewhere", "bootstrap_servers": "a:1"})
    found = options(getattr(tables, name)(given))
    assert found["topic"] == "elsewhere"
    assert found["key.fields"] == keys
    assert found["properties.bootstrap.servers"] == "a:1"
    assert found["sink.delivery-guarantee"] == "at-least-once"


def test_the_largest_dead_letter_fits_into_a_request() -> None:
    found = options(tables.dead_letters(settings()))
    assert int(found["properties.max.request.size"]) == tables.MAX_MESSAGE_BYTES


def test_a_dead_letters_key_stays_out_of_its_value() -> None:
    assert options(tables.dead_letters(settings()))["value.fields-include"] == "EXCEPT_KEY"
