"""The service as a process: where it starts, and where it refuses to."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.api.harness import wait_until
from tests.api.security.harness import bearer, issue
from tests.api.test_main import ROOT, answers, free_port


@contextmanager
def started(tmp_path: Path, **settings: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "api"], cwd=ROOT, env=environment(**settings), stderr=output
        )
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()


def environment(**settings: str) -> dict[str, str]:
    own = {
        "TAPELINE_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
        "TAPELINE_API_PORT": str(free_port()),
    }
    return {**os.environ, **own, **{f"TAPELINE_{name}": value for name, value in settings.items()}}


def refusal(**settings: str) -> str:
    """What a service says that does not start."""
    done = subprocess.run(
        [sys.executable, "-m", "api"],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode > 0
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    "settings",
    [{"API_HOST": "0.0.0.0"}, {"API_HOST": "::"}, {"API_ACCESS": "keys"}],
)
def test_it_refuses_to_start_where_keys_are_needed_and_there_are_none(
    settings: dict[str, str],
) -> None:
    told = refusal(**settings)
    for name in ("TAPELINE_API_KEYS_FILE", "python -m api.keys new", "TAPELINE_API_ACCESS=anyone"):
        assert name in told


def test_it_refuses_to_start_with_a_file_that_is_wrong(path: Path) -> None:
    issue(path, "read")
    path.chmod(0o666)
    told = refusal(API_HOST="0.0.0.0", API_KEYS_FILE=str(path))
    assert told.strip() == f"{path}: others may write it, run chmod 600"


def test_with_keys_it_starts_anywhere_and_asks_for_them(path: Path, tmp_path: Path) -> None:
    key, port = issue(path, "read"), str(free_port())
    settings = {"API_HOST": "0.0.0.0", "API_PORT": port, "API_KEYS_FILE": str(path)}
    address = f"http://127.0.0.1:{port}"
    with started(tmp_path, **settings) as (_, log):
        wait_until(lambda: answers(address), 60)
        assert httpx.get(f"{address}/api/symbols", trust_env=False).status_code == 401
        answer = httpx.get(f"{address}/api/symbols", headers=bearer(key), trust_env=False)
        assert answer.status_code == 200
        assert key not in log.read_text()


def test_anyone_may_ask_where_that_is_said(tmp_path: Path) -> None:
    port = str(free_port())
    address = f"http://127.0.0.1:{port}"
    with started(tmp_path, API_HOST="0.0.0.0", API_PORT=port, API_ACCESS="anyone"):
        wait_until(lambda: answers(address), 60)
        assert httpx.get(f"{address}/api/symbols", trust_env=False).status_code == 200
        foreign = {"Host": "evil.example"}
        answer = httpx.get(f"{address}/api/symbols", headers=foreign, trust_env=False)
        assert answer.status_code == 421


INTERNAL = ("/metrics", "/api/metrics", "/ready")


def test_metrics_and_readiness_have_a_port_of_their_own_and_both_servers_end_together(
    tmp_path: Path,
) -> None:
    port, internal = str(free_port()), str(free_port())
    outside, inside = (f"http://127.0.0.1:{each}" for each in (port, internal))
    with started(tmp_path, API_PORT=port, API_INTERNAL_PORT=internal) as (process, log):
        wait_until(lambda: answers(outside), 60)

        def status(address: str, path: str, **headers: str) -> int:
            return httpx.get(f"{address}{path}", headers=headers, trust_env=False).status_code

        assert [status(outside, path) for path in INTERNAL] == [404] * 3
        assert [status(inside, path) for path in INTERNAL] == [200, 200, 503]
        others = ("/", "/api/symbols", "/docs", "/openapi.json")
        assert [status(inside, path) for path in others] == [404] * 4
        assert status(inside, "/metrics", Host="evil.example") == 421
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert "Traceback" not in log.read_text()
        for address in (outside, inside):
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{address}/health", trust_env=False)


def test_an_internal_port_that_is_taken_ends_it(tmp_path: Path) -> None:
    port = str(free_port())
    with started(tmp_path, API_PORT=port):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}"), 60)
        assert "address already in use" in refusal(API_INTERNAL_PORT=port).lower()
