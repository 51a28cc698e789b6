"""A standalone Flink cluster, run from the pip package with the project's own configuration."""

import contextlib
import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import psutil

from scripts.stack.daemon import Daemon
from scripts.stack.environment import basic_environment
from scripts.stack.errors import ProcessDiedError, SubmissionError
from scripts.stack.files import write_whole
from scripts.stack.flink_files import flink_home, link_jars, prometheus, write_configuration
from scripts.stack.package import package
from scripts.stack.paths import PYTHON
from scripts.stack.ports import free_port, require_free
from scripts.stack.rest import FlinkRest
from scripts.stack.waiting import wait_until

JAVA_TEMPORARY = Path("/tmp")
"""Where Java has its temporary files on Linux, whatever TMPDIR is."""

_SUBMITTED = re.compile(r"Job has been submitted with JobID ([0-9a-f]{32})")


class FlinkCluster:
    """One JobManager and one TaskManager.

    Args:
        home: The runtime folder; everything of Flink's lies in ``flink/``, the logs in ``logs/``.
        rest_port: The port of the web UI and of the REST API.
        slots: How many subtasks of an operator run side by side.
        memory: What the TaskManager's JVM may take; Python workers take theirs beside it.
        managed_memory: The part of it that Python workers and SQL windows share.
        metrics_port: Where the JobManager serves Prometheus; the TaskManager has the next port.
    """

    def __init__(
        self,
        home: Path,
        rest_port: int,
        slots: int = 2,
        memory: str = "4g",
        managed_memory: str = "512m",
        metrics_port: int | None = None,
    ) -> None:
        self.rest = FlinkRest(rest_port)
        self.rest_port = rest_port
        self.slots = slots
        self.jobmanager = Daemon("jobmanager", home)
        self.taskmanager = Daemon("taskmanager", home)
        self.state = home / "flink" / "state"
        self._folder = home / "flink"
        self._logs = home / "logs"
        self._memory = memory
        self._managed_memory = managed_memory
        self._metrics_port = metrics_port

    def require_port(self) -> None:
        """Check that its port is its own, or free.

        Raises:
            PortTakenError: Another process has it.
        """
        if not self.jobmanager.process:
            require_free(self.rest_port, "Flink", "TAPELINE_FLINK_PORT")

    def start(self) -> None:
        """Start what does not run, and return when it is ready for jobs.

        Raises:
            PortTakenError: Another process has the port of the web UI.
            ProcessDiedError: A part of the cluster ended instead.
        """
        if not self.jobmanager.process:
            self.require_port()
            # The other one's configuration, above all the JobManager's port, is no longer true. It
            # has nobody to report to, and nothing to save.
            self.taskmanager.stop(patience=1)
            self._configure()
            self._start(self.jobmanager)
        if not self.taskmanager.process:
            self._start_taskmanager()
        wait_until(self._up, f"Flink on port {self.rest_port} and its TaskManager")
        self._remember_taskmanager()

    def kill_taskmanager(self) -> None:
        """End the TaskManager as a crash would, its Python workers left behind."""
        self.taskmanager.kill()

    def stop(self) -> None:
        """End the cluster and every Python worker; checkpoints stay."""
        self.taskmanager.stop()
        self.jobmanager.stop()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def submit(
        self,
        job: Path,
        env: Mapping[str, str] | None = None,
        args: Sequence[str] = (),
        parallelism: int | None = None,
        restore_from: Path | None = None,
        drop_unknown: bool = False,
    ) -> str:
        """Submit a Python job with ``flink run`` and return its id, without waiting for it to run.

        Args:
            job: The file with the ``main()``.
            env: The settings that the job reads from its environment; it sees no others.
            args: The job's own arguments.
            parallelism: Subtasks of each operator; one for each slot when it is not given.
            restore_from: A checkpoint or savepoint to go on from; Flink owns it from then on.
            drop_unknown: Go on without the state of operators that the job does not have.

        Raises:
            SubmissionError: Flink refused it, or the job's own code failed.
        """
        restore = ["-s", f"file://{restore_from}", "-cm", "CLAIM"] if restore_from else []
        if restore_from and drop_unknown:
            restore.append("--allowNonRestoredState")
        command = [
            *[self._bin("flink"), "run", "--detached"],
            *["-p", str(parallelism or self.slots), *restore],
            *["-pyfs", package(self._folder / "tapeline.zip"), "-py", job, *args],
        ]
        run = subprocess.run(
            [str(part) for part in command],
            env={**self._environment(), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        submitted = _SUBMITTED.search(run.stdout)
        if run.returncode or not submitted:
            raise SubmissionError(f"Flink did not take {job.name}:\n{_without_frames(run.stdout)}")
        job_id = submitted.group(1)
        # Flink's client makes a folder for what it uploads, and leaves it empty.
        for left in JAVA_TEMPORARY.glob(f"flink-distributed-cache-{job_id}*"):
            shutil.rmtree(left, ignore_errors=True)
        return job_id

    def wait_running(self, job_id: str, timeout: float = 180) -> None:
        """Return when all tasks of the job run.

        Raises:
            SubmissionError: The job failed; the text says why.
        """

        def running() -> bool:
            if self.rest.job_state(job_id) in ("FAILED", "CANCELED", "UNKNOWN"):
                raise SubmissionError(f"job {job_id} failed:\n{self.rest.failure(job_id)}")
            return self.rest.running(job_id)

        wait_until(running, f"job {job_id} to run", timeout)

    def cancel(self, job_id: str) -> None:
        """End the job at once, and return when it has ended; its newest checkpoint stays."""
        self.rest.cancel(job_id)
        ended = ("CANCELED", "FAILED", "FINISHED", "UNKNOWN")
        wait_until(lambda: self.rest.job_state(job_id) in ended, f"job {job_id} to end")

    @property
    def _conf(self) -> Path:
        return self._folder / "conf"

    @property
    def _lib(self) -> Path:
        return self._folder / "lib"

    @property
    def _name(self) -> Path:
        """Holds the name of the TaskManager that was started last."""
        return self._folder / "taskmanager.name"

    @property
    def _last_taskmanager(self) -> Path:
        """Holds command and environment of that TaskManager, of this configuration."""
        return self._folder / "taskmanager.json"

    @property
    def _temporary(self) -> Path:
        return self._folder / "tmp"

    def _bin(self, script: str) -> Path:
        return flink_home() / "bin" / script

    def _environment(self) -> dict[str, str]:
        return {
            **basic_environment(),
            "FLINK_CONF_DIR": str(self._conf),
            "FLINK_LIB_DIR": str(self._lib),
            "FLINK_LOG_DIR": str(self._logs),
            "FLINK_PID_DIR": str(self._folder / "pid"),
            # These two are parts of the names of the log files.
            "FLINK_IDENT_STRING": "tapeline",
            "HOSTNAME": "localhost",
        }

    def _start(self, daemon: Daemon, *options: str) -> None:
        script = str(self._bin(f"{daemon.name}.sh"))
        daemon.start([script, "start-foreground", *options], self._environment(), self._folder)

    def _start_taskmanager(self) -> None:
        """Start one under a name of its own; again as the last one was, if there was one.

        Flink's script starts two JVMs to work out the command, which takes longer than the
        TaskManager's own start.
        """
        name = f"taskmanager-{uuid4().hex[:8]}"
        if self._last_taskmanager.exists():
            last = json.loads(self._last_taskmanager.read_bytes())
            # It counts again once this one has come up.
            self._last_taskmanager.unlink()
            command = [part.replace(self._name.read_text(), name) for part in last["command"]]
            self.taskmanager.start(command, last["env"], self._folder)
        else:
            self._start(self.taskmanager, "-D", f"taskmanager.resource-id={name}")
        write_whole(self._name, name)

    def _remember_taskmanager(self) -> None:
        """Note what the script has come to: it is the process now."""
        process = self.taskmanager.process
        # One that ends just now is started by the script again.
        with contextlib.suppress(psutil.NoSuchProcess):
            if process:
                last = {"command": process.cmdline(), "env": process.environ()}
                write_whole(self._last_taskmanager, json.dumps(last))

    def _configure(self) -> None:
        """Write the configuration and the folder of jars, each anew."""
        self._last_taskmanager.unlink(missing_ok=True)
        for folder in (self._conf, self._lib, self._temporary):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        write_configuration(
            self._conf,
            rest_port=self.rest_port,
            rpc_port=free_port(),
            slots=self.slots,
            memory=self._memory,
            managed_memory=self._managed_memory,
            python=PYTHON,
            state=self.state,
            temporary=self._temporary,
            metrics=prometheus(self._metrics_port),
        )
        link_jars(self._lib)

    def _up(self) -> bool:
        for daemon in (self.jobmanager, self.taskmanager):
            if not daemon.process:
                raise ProcessDiedError(f"Flink's {daemon.name}", daemon.log)
        # After a crash the JobManager counts on the old TaskManager too, until it has noticed.
        return self.rest.taskmanagers() == {self._name.read_text()}


def _without_frames(trace: str) -> str:
    """A Java stack trace's messages alone; Python's frames stay."""
    return "\n".join(
        line for line in trace.splitlines() if not re.match(r"\s+(at \S+\(|\.\.\. \d+ more)", line)
    )
