"""Streams from a real broker, through a service process that is killed."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import httpx
import msgspec
import pytest

from scripts.stack.broker import Broker
from scripts.stack.paths import ROOT
from scripts.stack.ports import free_port
from scripts.stack.waiting import wait_until
from tests.api.harness import MINUTE, NOW, candle
from tests.api.live.harness import Row, Stream
from tests.system.harness import Message, everything, send

pytestmark = pytest.mark.system

PARTITIONS = 3
RETRY_S = 0.01
NAMES = (
    *("candles", "dead_letters", "ledger", "order_flow", "book", "indicators", "trends"),
    *("anomalies", "quality", "correlations", "late_trades"),
)
Running = Callable[[], AbstractContextManager[subprocess.Popen[bytes]]]


@pytest.fixture
def topics(broker: Broker) -> dict[str, str]:
    found = {name: f"live_{name}" for name in NAMES}
    broker.create_topics(*found.values(), partitions=PARTITIONS, config={"retention.ms": "-1"})
    return found


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def running(broker: Broker, topics: dict[str, str], port: int, tmp_path: Path) -> Running:
    """Runs the service as a process; it is killed at the end of the block."""
    env = {
        **os.environ,
        "TAPELINE_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "TAPELINE_API_PORT": str(port),
        **{f"TAPELINE_{name.upper()}_TOPIC": topic for name, topic in topics.items()},
    }

    @contextmanager
    def run() -> Iterator[subprocess.Popen[bytes]]:
        with (tmp_path / "log").open("ab") as log:
            process = subprocess.Popen([sys.executable, "-m", "api"], cwd=ROOT, env=env, stderr=log)
        try:
            wait_until(lambda: answers(port), "the service")
            yield process
        finally:
            process.kill()
            process.wait()

    return run


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def rows(first: int, count: int) -> list[Message]:
    """Candles that tell their number by their close; of a symbol all are in one partition."""
    return [
        Message(
            msgspec.json.encode(
                candle(f"S{n % 7}", start=NOW + n * MINUTE, close=float(n), final=n % 5 > 0)
            ),
            key=f"S{n % 7}".encode(),
        )
        for n in range(first, first + count)
    ]


class Follower(threading.Thread):
    """A client that comes back as a browser does, until it has been told so many updates."""

    def __init__(self, address: str, wanted: int) -> None:
        super().__init__(daemon=True)
        self.address = address
        self.wanted = wanted
        self.last_id = ""
        self.told: list[Row] = []
        self.kinds: list[str] = []
        self.connections = 0

    def run(self) -> None:
        """Follow over every end of the service."""
        while len(self.told) < self.wanted:
            # One that is cut may end in the middle of a chunk.
            with contextlib.suppress(StopIteration, OSError, ValueError, IndexError):
                self._follow()
            # One of thousands of attempts a second would be given the service's own port.
            time.sleep(RETRY_S)

    def is_beyond(self, told: int) -> bool:
        return len(self.told) > told

    def _follow(self) -> None:
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        with Stream(self.address, headers, channels="candles.1m", snapshot=5_000) as stream:
            self.connections += 1
            while len(self.told) < self.wanted:
                event = next(stream)
                self.kinds.append(event.type)
                self.told += [row for _, row in event.data.get("updates", ())]
                self.last_id = event.id or self.last_id


def test_a_client_that_follows_over_kills_and_restarts_is_told_everything_once(
    broker: Broker, topics: dict[str, str], running: Running, port: int
) -> None:
    past, each = 50, 300
    ends = [signal.SIGKILL, signal.SIGTERM, signal.SIGKILL]
    send(broker, topics["candles"], rows(0, past))
    follower = Follower(f"http://127.0.0.1:{port}", wanted=2 * len(ends) * each)
    follower.start()
    sent = past
    for number, end in enumerate(ends):
        with running() as process:
            wait_until(lambda: "snapshot" in follower.kinds, "the snapshot")
            before = len(follower.told)
            for _ in range(10):
                send(broker, topics["candles"], rows(sent, each // 10))
                sent += each // 10
            # In the midst of what is told.
            wait_until(partial(follower.is_beyond, before), "updates", pause=0.001)
            process.send_signal(end)
            process.wait(20)
            assert number != 1 or process.returncode == 0
        send(broker, topics["candles"], rows(sent, each))  # while it is away
        sent += each
    with running():
        follower.join(60)
    assert not follower.is_alive()
    assert follower.connections > len(ends)
    assert follower.kinds.count("snapshot") == 1
    assert "gap" not in follower.kinds
    records = everything(broker, topics["candles"])
    assert len(records) == past + len(follower.told)
    for symbol in {f"S{n}" for n in range(7)}:
        came = [record.json() for record in records if record.key == symbol.encode()]
        expected = [row for row in came if row["close"] >= past]
        assert [row for row in follower.told if row["symbol"] == symbol] == expected
