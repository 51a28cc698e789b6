import pytest

from jobs import sinks
from jobs.settings import Settings
from jobs.sinks import SINKS


def settings(**values: object) -> Settings:
    return Settings(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SINKS)
def test_the_largest_dead_letter_fits_into_a_request(name: str) -> None:
    told = sinks.producer(settings(), name)
    assert int(told["max.request.size"]) == sinks.MAX_MESSAGE_BYTES


@pytest.mark.parametrize("name", SINKS)
def test_a_transaction_has_the_time_of_the_settings(name: str) -> None:
    given = settings(delivery="exactly-once", transaction_timeout_ms=60_000)
    assert sinks.producer(given, name)["transaction.timeout.ms"] == "60000"
    assert "transaction.timeout.ms" not in sinks.producer(settings(), name)


def test_producers_bear_the_name_of_the_job_their_sink_and_their_topics() -> None:
    first, moved = settings(group_id="g"), settings(group_id="g", candles_topic="elsewhere")
    names = [sinks.name_of(first, name) for name in SINKS]
    assert len({*names, sinks.name_of(moved, "outputs")}) == len(SINKS) + 1
    assert all(name.startswith("g-") for name in names)
    assert sinks.producer(first, "outputs")["client.id"] == sinks.name_of(first, "outputs")
