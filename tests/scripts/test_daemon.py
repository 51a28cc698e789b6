"""The laws of background processes, on real ones."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from scripts.stack.daemon import Daemon, ProcessRecord
from scripts.stack.environment import basic_environment
from scripts.stack.waiting import wait_until

SLEEPER = "import time; time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); {SLEEPER}"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPER!r}])"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon("sleeper", tmp_path)
    yield daemon
    daemon.stop(patience=1)


@pytest.fixture
def stranger() -> Iterator[psutil.Process]:
    """A process that is none of ours."""
    with subprocess.Popen([sys.executable, "-c", SLEEPER], start_new_session=True) as popen:
        yield psutil.Process(popen.pid)
        popen.kill()


def start(daemon: Daemon, code: str, tmp_path: Path) -> psutil.Process:
    daemon.start([sys.executable, "-u", "-c", code], basic_environment(), cwd=tmp_path)
    assert daemon.process is not None
    return daemon.process


def test_started_twice_it_is_one_process(daemon: Daemon, tmp_path: Path) -> None:
    first = start(daemon, SLEEPER, tmp_path)
    second = start(daemon, SLEEPER, tmp_path)
    assert first == second
    assert [member.pid for member in daemon.family()] == [first.pid]


def test_another_object_finds_it_by_its_record(daemon: Daemon, tmp_path: Path) -> None:
    process = start(daemon, SLEEPER, tmp_path)
    assert Daemon("sleeper", tmp_path).process == process


def test_a_process_that_ended_does_not_run(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start([sys.executable, "-c", ""], basic_environment(), cwd=tmp_path)
    wait_until(lambda: daemon.process is None, "the end of a program that does nothing")
    assert daemon.record is not None


def test_after_stop_nothing_of_it_is_left(daemon: Daemon, tmp_path: Path) -> None:
    start(daemon, PARENT, tmp_path)
    wait_until(lambda: len(daemon.family()) == 2, "the child")
    family = daemon.family()
    daemon.stop()
    assert not any(member.is_running() for member in family)
    assert daemon.record is None


def test_a_killed_process_leaves_children_that_stop_ends(daemon: Daemon, tmp_path: Path) -> None:
    parent = start(daemon, PARENT, tmp_path)
    wait_until(lambda: len(daemon.family()) == 2, "the child")
    daemon.kill()
    (orphan,) = daemon.family()
    assert daemon.process is None
    assert orphan != parent
    daemon.stop()
    assert not orphan.is_running()


def test_a_new_start_ends_what_a_killed_one_left(daemon: Daemon, tmp_path: Path) -> None:
    start(daemon, PARENT, tmp_path)
    wait_until(lambda: len(daemon.family()) == 2, "the child")
    daemon.kill()
    (orphan,) = daemon.family()
    start(daemon, SLEEPER, tmp_path)
    assert not orphan.is_running()


def test_one_that_is_deaf_to_the_request_is_forced(daemon: Daemon, tmp_path: Path) -> None:
    process = start(daemon, STUBBORN, tmp_path)
    wait_until(lambda: "deaf" in daemon.log.read_text(), "the program to be deaf")
    started = time.monotonic()
    daemon.stop(patience=0.5)
    assert not process.is_running()
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("earlier_by", [0.01, 3600])
def test_whoever_has_the_number_now_is_not_taken_for_it(
    daemon: Daemon, stranger: psutil.Process, tmp_path: Path, earlier_by: float
) -> None:
    now = ProcessRecord.of(stranger)
    record = tmp_path / "run" / "sleeper.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"pid": now.pid, "started": now.started - earlier_by}))
    assert daemon.process is None
    assert daemon.family() == []
    daemon.stop()
    daemon.kill()
    assert stranger.is_running()
