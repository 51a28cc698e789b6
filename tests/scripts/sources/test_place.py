import pytest

from scripts.sources.errors import BadInputError, SourceError
from scripts.sources.place import Place
from scripts.sources.preparing import prepare
from scripts.stack.ports import free_port


def test_a_kafka_that_is_not_there_is_said_at_once() -> None:
    server = f"127.0.0.1:{free_port()}"
    with pytest.raises(SourceError, match=f"Kafka cannot be reached at {server}") as error:
        prepare(Place(server, "trades"))
    assert error.value.code == 1


def test_what_no_option_names_is_the_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPELINE_BOOTSTRAP_SERVERS", "one:9092")
    monkeypatch.setenv("TAPELINE_TRADES_TOPICS", "ticks,trades")
    monkeypatch.setenv("TAPELINE_ORDERS_TOPICS", "")
    assert Place.chosen(None, None, 3, "none") == Place("one:9092", "ticks", 3, None)
    assert Place.chosen("two:1", "t", 1, "gzip") == Place("two:1", "t", 1, "gzip")
    assert Place.chosen(None, "fix", 3, "zstd", orders=True).topic == "fix"
    with pytest.raises(BadInputError, match="--topic"):
        Place.chosen(None, None, 3, "zstd", orders=True)
