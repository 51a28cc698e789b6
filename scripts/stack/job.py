"""One long-running job on a cluster, which goes on from where it was."""

import time
from collections.abc import Mapping
from pathlib import Path

from scripts.stack.errors import StackError
from scripts.stack.files import write_whole
from scripts.stack.flink import FlinkCluster
from scripts.stack.waiting import wait_until

_ALIVE = frozenset({"INITIALIZING", "CREATED", "RUNNING", "RESTARTING", "FAILING", "SUSPENDED"})


class Job:
    """A job that is meant to run for ever, known by the id it got when it was submitted.

    Args:
        cluster: Where it runs.
        file: The Python file with its ``main()``.
        home: The runtime folder; the id lies in ``run/``.
    """

    def __init__(self, cluster: FlinkCluster, file: Path, home: Path) -> None:
        self._cluster = cluster
        self._file = file
        self._id_file = home / "run" / f"{file.stem}.job"

    @property
    def id(self) -> str | None:
        """The id of the submission that counts, if there was one."""
        return self._id_file.read_text() if self._id_file.exists() else None

    @property
    def state(self) -> str:
        """Its state as Flink names it; UNKNOWN when it was never submitted or Flink is away."""
        try:
            return self._cluster.rest.job_state(self.id) if self.id else "UNKNOWN"
        except (OSError, StackError):
            return "UNKNOWN"

    @property
    def alive(self) -> bool:
        """Whether the cluster has it and has not given it up."""
        return self.state in _ALIVE

    def submit(
        self,
        env: Mapping[str, str],
        parallelism: int,
        snapshot: Path | None = None,
        drop_unknown: bool = False,
    ) -> None:
        """Submit the job, without waiting for it to run.

        Args:
            env: Its settings.
            parallelism: Subtasks of each operator.
            snapshot: A checkpoint or savepoint to go on from; without it the job starts anew.
            drop_unknown: Go on without the state of operators that the job does not have.

        Raises:
            SubmissionError: Flink does not take it; the text says why.
        """
        job_id = self._cluster.submit(
            self._file,
            env,
            parallelism=parallelism,
            restore_from=snapshot,
            drop_unknown=drop_unknown,
        )
        write_whole(self._id_file, job_id)

    def wait_running(self) -> None:
        """Return when all tasks of what was submitted run.

        Raises:
            SubmissionError: It failed; the text says why.
        """
        if self.id:
            self._cluster.wait_running(self.id)

    def stop(self, timeout: float = 30) -> None:
        """End the job after a savepoint, so that the next start goes on without a gap.

        A job that cannot write one now (it is restarting, say) is cancelled: the next start then
        goes on from its newest checkpoint.
        """
        if self.id and self.alive:
            try:
                self._stop_with_savepoint(self.id, timeout)
            except (StackError, OSError):
                self._cluster.cancel(self.id)
        self._id_file.unlink(missing_ok=True)

    def _stop_with_savepoint(self, job_id: str, timeout: float) -> None:
        rest = self._cluster.rest
        request = rest.stop_with_savepoint(job_id)
        deadline = time.monotonic() + timeout
        wait_until(lambda: rest.savepoint(job_id, request) is not None, "a savepoint", timeout)
        left = max(deadline - time.monotonic(), 1)
        wait_until(lambda: not self.alive, f"job {job_id} to end", left)
