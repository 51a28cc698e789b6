"""What can happen to a Tapeline, done to it."""

import random
import signal
import subprocess
import time
from collections.abc import Callable

from scripts.stack.daemon import Daemon
from scripts.stack.environment import basic_environment, tapeline_environment
from scripts.stack.errors import StackError
from scripts.stack.local import LocalTapeline
from scripts.stack.paths import PYTHON, ROOT
from scripts.stack.saved import SavedSettings

Fault = Callable[[LocalTapeline, random.Random, float], None]
"""Does it; the number is how long what only pauses does so, in seconds."""


SHARDS, MORE_SHARDS = 16, 24
"""Of the state, in turn."""


def _kill(choose: Callable[[LocalTapeline], Daemon]) -> Fault:
    def fault(tapeline: LocalTapeline, pick: random.Random, pause_s: float) -> None:
        del pick, pause_s
        choose(tapeline).kill()

    return fault


def kill_worker(tapeline: LocalTapeline, pick: random.Random, pause_s: float) -> None:
    """SIGKILL to one of the Python workers."""
    del pause_s
    family = tapeline.cluster.taskmanager.family()
    workers = [process for process in family if "beam_boot" in " ".join(process.cmdline())]
    if not workers:
        raise StackError("no Python worker runs")
    pick.choice(sorted(workers, key=lambda process: process.pid)).kill()


def pause_taskmanager(tapeline: LocalTapeline, pick: random.Random, pause_s: float) -> None:
    """SIGSTOP to the TaskManager, for some time."""
    del pick
    process = tapeline.cluster.taskmanager.process
    if process is None:
        raise StackError("no TaskManager runs")
    process.send_signal(signal.SIGSTOP)
    time.sleep(pause_s)
    process.send_signal(signal.SIGCONT)


def upgrade(tapeline: LocalTapeline, pick: random.Random, pause_s: float) -> None:
    """No fault, but no less: a stop with a savepoint, and a start with other settings.

    There is one subtask more or less, and the other number of SHARDS and MORE_SHARDS.
    """
    del pick, pause_s
    saved = SavedSettings(tapeline.settings.home).read() or tapeline.settings
    state = tapeline.settings_of_state or tapeline.job_settings
    others = {SHARDS: MORE_SHARDS, MORE_SHARDS: SHARDS}
    run = subprocess.run(
        [PYTHON, "-m", "scripts.stack.upgrade"],
        cwd=ROOT,
        env={
            **basic_environment(),
            **tapeline_environment(secrets=True),  # it starts the keeper again
            "TAPELINE_HOME": str(saved.home),
            "TAPELINE_PARALLELISM": str(3 - saved.parallelism),
            "TAPELINE_SHARDS": str(others[state.shards]),
        },
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise StackError(f"the upgrade failed:\n{run.stdout}{run.stderr}")


FAULTS: dict[str, Fault] = {
    "kill TaskManager": _kill(lambda tapeline: tapeline.cluster.taskmanager),
    "kill Python worker": kill_worker,
    "kill JobManager": _kill(lambda tapeline: tapeline.cluster.jobmanager),
    "kill broker": _kill(lambda tapeline: tapeline.broker.daemon),
    "pause TaskManager": pause_taskmanager,
    "kill API": _kill(lambda tapeline: tapeline.api.daemon),
    "upgrade": upgrade,
}
"""Every fault by name."""
