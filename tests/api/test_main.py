"""The service as a process."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.harness import wait_until

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def environment() -> dict[str, str]:
    nobody = f"127.0.0.1:{free_port()}"
    port = str(free_port())
    return {**os.environ, "TAPELINE_API_PORT": port, "TAPELINE_BOOTSTRAP_SERVERS": nobody}


@pytest.fixture
def process(environment: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "api"]
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=output)
    yield process
    process.kill()
    process.wait()


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def ready(address: str) -> httpx.Response:
    return httpx.get(f"{address}/ready", trust_env=False)


def test_it_lives_without_a_broker_says_so_once_and_stops_when_told(
    process: subprocess.Popen[bytes], environment: dict[str, str], tmp_path: Path
) -> None:
    address = f"http://127.0.0.1:{environment['TAPELINE_API_PORT']}"
    wait_until(lambda: answers(address), 60)
    wait_until(lambda: "the broker is away" in ready(address).text, 60)
    assert ready(address).status_code == 503

    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0  # so long containers wait before they kill
    assert (tmp_path / "log").read_text().count("cannot read from Kafka") == 1


def test_a_wrong_setting_ends_it_by_name() -> None:
    environment = {**os.environ, "TAPELINE_API_PORT": "x"}
    command = [sys.executable, "-m", "api"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert "api_port" in done.stderr
