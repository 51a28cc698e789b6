"""The client and a real broker: uploads, and the tail of topics."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import KafkaProducer

from api.client import RefusedError
from api.service import Service, wall_clock
from api.settings import Settings
from scripts.stack.broker import Broker
from scripts.stack.paths import ROOT
from tests.api.client.harness import CLIENTS, ended, heed_interrupts
from tests.api.harness import served
from tests.system.harness import Message, everything, send

pytestmark = pytest.mark.system

TOPIC = "client_trades"


@pytest.fixture(scope="module")
def topic(broker: Broker) -> str:
    broker.create_topics(TOPIC, partitions=3)
    return TOPIC


@pytest.fixture
def address(broker: Broker, topic: str) -> Iterator[str]:
    values = {"bootstrap_servers": broker.bootstrap_servers, "trades_topics": topic}
    with served(Service.build(Settings.model_validate(values))) as url:
        yield url


def trades(count: int, name: str) -> list[dict[str, Any]]:
    return [
        {
            "symbol": "CLI/USD",
            "price": 100.0 + number,
            "quantity": 0.5,
            "timestamp": wall_clock(),
            "side": "buy",
            "trade_id": f"{name}-{number}",
            "exchange": "X",
        }
        for number in range(count)
    ]


def command(*arguments: str, **env: str) -> list[str]:
    return [sys.executable, "-m", "api.client", *arguments]


def ids(broker: Broker, topic: str, name: str) -> list[str]:
    found = [record.json()["trade_id"] for record in everything(broker, topic)]
    return sorted(each for each in found if each.startswith(f"{name}-"))


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_file_is_on_kafka_once_its_job_is_finished(
    kind: Any, broker: Broker, topic: str, address: str, tmp_path: Path
) -> None:
    rows = trades(2_000, kind.__name__)
    file = tmp_path / "trades.ndjson"
    file.write_bytes(b"\n".join(map(msgspec.json.encode, rows)) + b'\n{"symbol":"CLI/USD"}\n')
    told: list[tuple[int, int]] = []
    with kind(address) as client:
        job = client.finished(client.upload(file, lambda sent, size: told.append((sent, size))))
        assert (job.state, job.rows, job.published, job.rejected) == ("done", 2_001, 2_000, 1)
        assert client.job(job.id) == job
    assert told[-1] == (file.stat().st_size, file.stat().st_size)
    assert ids(broker, topic, kind.__name__) == sorted(row["trade_id"] for row in rows)


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_form_that_is_not_read_is_refused_before_anything_is_sent(
    kind: Any, address: str, tmp_path: Path
) -> None:
    (tmp_path / "trades.xlsx").write_bytes(b"PK")
    with kind(address) as client:
        with pytest.raises(ValueError, match=r"expected a file that ends with one of \.csv"):
            client.upload(tmp_path / "trades.xlsx")
        with pytest.raises(FileNotFoundError):
            client.upload(tmp_path / "none.csv")
        (tmp_path / "bad.parquet").write_bytes(b"no parquet at all")
        with pytest.raises(RefusedError):
            client.finished(client.upload(tmp_path / "bad.parquet"))


def test_the_command_uploads_a_file_and_says_what_was_rejected(
    broker: Broker, topic: str, address: str, tmp_path: Path
) -> None:
    rows = trades(50, "command")
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    (tmp_path / "good.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "bad.csv").write_text("\n".join([lines[0], lines[1].replace("buy", "up")]) + "\n")
    env = {**os.environ, "TAPELINE_URL": address, "NO_PROXY": "127.0.0.1", "NO_COLOR": "1"}
    good, bad = (
        subprocess.run(
            command("upload", str(tmp_path / name)),
            cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False,
        )
        for name in ("good.csv", "bad.csv")
    )  # fmt: skip
    assert good.returncode == 0, good.stderr
    assert "done: 50 rows, 50 published, 0 rejected" in good.stdout
    assert len(ids(broker, topic, "command")) == 50
    assert bad.returncode == 1
    assert "invalid_side" in bad.stdout


def test_the_tail_of_a_topic_is_its_newest_messages_and_those_that_come(broker: Broker) -> None:
    broker.create_topics("client_tail", partitions=3)
    # In transactions, whose markers take offsets of their own.
    producer = KafkaProducer(
        bootstrap_servers=broker.bootstrap_servers, transactional_id="client-tail"
    )
    producer.init_transactions()
    for number in range(40):
        producer.begin_transaction()
        producer.send("client_tail", b"m%d" % number, partition=number % 3, timestamp_ms=number + 1)
        if number % 4:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
    producer.close()
    committed = [f"m{number}" for number in range(40) if number % 4]
    env = {**os.environ, "TAPELINE_BOOTSTRAP_SERVERS": broker.bootstrap_servers}
    for count in (0, 1, 7, 25, 100):
        found = subprocess.run(
            command("tail", "client_tail", "-n", str(count)),
            cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert found.returncode == 0, found.stderr
        assert found.stdout.splitlines() == (committed[-count:] if count else [])
    process = subprocess.Popen(
        command("tail", "client_tail", "-n", "1", "--follow", "--place"),
        cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, preexec_fn=heed_interrupts,
    )  # fmt: skip
    with ended(process):
        assert process.stdout
        assert process.stdout.readline().endswith("\tm39\n")
        send(broker, "client_tail", [Message(b"\x1b[2Jnew", 1_000, b"k", 2)])
        place, time, key, value = process.stdout.readline().rstrip("\n").split("\t")
        assert place.startswith("2/")
        assert (time, key, value) == ("1970-01-01 00:00:01", "k", "\\x1b[2Jnew")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_a_topic_that_is_not_there_is_said_to_be_so(broker: Broker, topic: str) -> None:
    found = subprocess.run(
        command("tail", "weather", "--servers", broker.bootstrap_servers),
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert found.returncode == 1
    assert "there is no topic 'weather'; there are" in found.stderr
    assert topic in found.stderr
    assert json.dumps("weather") not in found.stdout
