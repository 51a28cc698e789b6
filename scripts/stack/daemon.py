"""A background process that outlives its starter and is found again through a record on disk."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import psutil

from scripts.stack.files import write_whole

# Set in the environment of every daemon, so inherited by all that it starts.
_MARK = "TAPELINE_DAEMON"

# Popen objects complain when they are collected before they know that their process has ended.
_spawned: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class ProcessRecord:
    """What tells one process from all others: its number, and when it started.

    Numbers are used again; a number with its start time is not. The time is counted from the
    start of the machine, because the wall clock may be set while the process runs.
    """

    pid: int
    started: float

    @classmethod
    def of(cls, process: psutil.Process) -> Self:
        """The record of a running process."""
        return cls(process.pid, round(process.create_time() - psutil.boot_time(), 2))

    def find(self) -> psutil.Process | None:
        """The process, or None when it has ended, whoever has its number now."""
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE or ProcessRecord.of(process) != self:
                return None
        except psutil.NoSuchProcess:
            return None
        return process


@dataclass(frozen=True)
class Usage:
    """What a running process and all that it started take."""

    pid: int
    since: datetime
    memory: int  # bytes, each resident


class Daemon:
    """One named background process and everything that it starts.

    It leads a session of its own, so that the processes it starts are found by their session even
    when it is gone (a killed TaskManager leaves its Python workers behind).

    Args:
        name: Names the record and the log.
        home: The runtime folder; the record lies in ``run/``, the output in ``logs/``.
    """

    def __init__(self, name: str, home: Path) -> None:
        self.name = name
        self.log = home / "logs" / f"{name}.out"
        self._file = home / "run" / f"{name}.json"

    @property
    def record(self) -> ProcessRecord | None:
        """The record of the process that was started last, running or not."""
        try:
            return ProcessRecord(**json.loads(self._file.read_bytes()))
        except FileNotFoundError:
            return None

    @property
    def process(self) -> psutil.Process | None:
        """The running process, or None."""
        record = self.record
        return record.find() if record else None

    def start(self, command: Sequence[str | Path], env: Mapping[str, str], cwd: Path) -> None:
        """Start ``command`` unless it runs already; what an earlier one left behind ends first."""
        if self.process:
            return
        # It is gone, and they have nobody to work for: there is nothing to wait for.
        self._end_family(signal.SIGKILL, 15)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            popen = subprocess.Popen(
                [str(part) for part in command],
                env={**env, _MARK: str(self._file)},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _spawned.append(popen)
        record = ProcessRecord.of(psutil.Process(popen.pid))
        write_whole(self._file, json.dumps(asdict(record)))

    def kill(self) -> None:
        """Kill the process itself at once, as a crash would, and nothing that it started."""
        if process := self.process:
            process.kill()
            psutil.wait_procs([process], timeout=10)

    def stop(self, patience: float = 15) -> None:
        """End the process and all that it started; return when they are gone.

        Args:
            patience: Seconds between asking (SIGTERM) and forcing (SIGKILL).
        """
        if process := self.process:
            process.terminate()
            psutil.wait_procs([process], timeout=patience)
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._end_family(number, patience)
        self._file.unlink(missing_ok=True)

    def _end_family(self, number: signal.Signals, patience: float) -> None:
        family = self.family()
        for member in family:
            _send(member, number)
        psutil.wait_procs(family, timeout=patience)
        for popen in _spawned:
            popen.poll()

    def usage(self) -> Usage | None:
        """What it takes now, or None when it does not run."""
        if not (process := self.process):
            return None
        since = datetime.fromtimestamp(process.create_time(), UTC)
        return Usage(process.pid, since, sum(map(_resident, self.family())))

    def family(self) -> list[psutil.Process]:
        """The process and all that it started, as far as they run."""
        if not (record := self.record):
            return []
        session = (p for p in psutil.process_iter() if _session(p.pid) == record.pid)
        return [process for process in session if _mark(process) == str(self._file)]


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _mark(process: psutil.Process) -> str | None:
    """The mark that ours inherit; it is not there in a zombie, nor in whoever reuses a number."""
    try:
        return process.environ().get(_MARK)
    except psutil.Error:
        return None


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
