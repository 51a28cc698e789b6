"""Which topics are made, and how; and what is said of them."""

import json

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaTimeoutError
from typer.testing import CliRunner

from jobs.settings import Settings
from scripts import topics as command
from scripts.stack import topics
from scripts.stack.broker import Broker
from scripts.stack.errors import StackError
from scripts.stack.topics import Topic
from scripts.stack.waiting import wait_until


def test_only_the_ledger_is_compacted_and_all_else_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {}

    def create(
        servers: str, names: list[str], partitions: int, config: dict[str, str]
    ) -> list[str]:
        made.update({name: (partitions, config) for name in names})
        return list(names)

    monkeypatch.setattr(topics, "create", create)
    settings = Settings()
    topics.create_outputs(settings, partitions=3, retention_bytes=7)
    assert made.pop("ledger") == (1, {"cleanup.policy": "compact"})
    kept = {"retention.ms": "-1", "retention.bytes": "7"}
    assert made == {
        name: (3, kept) for name in settings.outputs.values() if name != settings.ledger_topic
    }


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        (Topic("a", 1, 0, 0, -1, -1, False), "for ever"),
        (Topic("a", 1, 0, 0, 7 * 86_400_000, -1, False), "7 d"),
        (Topic("a", 1, 0, 0, -1, 2_000_000, False), "for ever, 2.0 MB a partition"),
        (Topic("a", 1, 0, 0, 86_400_000, -1, True), "newest of each key"),
    ],
)
def test_retention_is_said_in_words(topic: Topic, words: str) -> None:
    assert command.retention(topic) == words


@pytest.mark.parametrize("arguments", [["create"], ["list"], ["delete", "--yes"]])
def test_a_kafka_that_does_not_answer_is_said(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_: object) -> None:
        # A real client leaves a thread behind that goes on trying, and its sockets.
        raise KafkaTimeoutError("Unable to bootstrap")

    monkeypatch.setattr(command, "KafkaAdminClient", unreachable)
    with pytest.raises(StackError, match="no Kafka answers at nowhere:1"):
        CliRunner().invoke(
            command.app, [*arguments, "--bootstrap-servers", "nowhere:1"], catch_exceptions=False
        )


@pytest.mark.system
def test_topics_are_made_once_shown_and_deleted(broker: Broker) -> None:
    def run(arguments: str, answer: str | None = None) -> str:
        called = [*arguments.split(), "--bootstrap-servers", broker.bootstrap_servers]
        result = CliRunner().invoke(command.app, called, input=answer, catch_exceptions=False)
        assert result.exit_code == (1 if answer == "n\n" else 0), result.output
        return result.output

    def shown() -> dict[str, Topic]:
        return {each["name"]: Topic(**each) for each in json.loads(run("list --json"))}

    settings = Settings()
    names = {*settings.inputs, *settings.outputs.values()}
    broker.create_topics("trades", partitions=2)
    said = run("create")
    assert "trades: is there, partitions: 2 instead of 3" in said.splitlines()
    assert "orders: created, partitions: 3" in said.splitlines()
    assert "ledger: created, partitions: 1" in said.splitlines()
    # What was just created may not be in the broker's metadata yet.
    wait_until(lambda: set(shown()) == names, "all topics")
    before = shown()
    assert {name for name, topic in before.items() if topic.is_compacted} == {"ledger"}
    assert {topic.retention_ms for name, topic in before.items() if name != "ledger"} == {
        -1,
        before["trades"].retention_ms,
    }
    assert before["orders"].retention_ms == -1

    assert "created" not in run("create")
    assert shown() == before

    producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers)
    for number in range(7):
        producer.send("trades", b"x" * 1_000, partition=number % 2)
    producer.close()
    assert shown()["trades"].records == 7
    assert shown()["trades"].bytes >= 7_000
    assert "for ever" in run("list orders none")
    assert "not there: none" in run("list orders none")

    assert "deleted" not in run("delete trades", answer="n\n")
    assert "trades: deleted\nnone: was not there\n" in run("delete trades none", answer="y\n")
    assert set(shown()) == names - {"trades"}
    assert "trades: was not there" in run("delete --yes")
    assert shown() == {}
