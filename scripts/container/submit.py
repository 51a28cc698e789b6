"""Submits the market job to the cluster: ``python -m scripts.container.submit HOST:PORT SLOTS``.

Safe to run again: a job that is there stays, and one that is gone (the JobManager was started
anew, say) goes on from its newest checkpoint.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

from scripts.container.configure import STATE
from scripts.stack.package import package
from scripts.stack.paths import ROOT
from scripts.stack.snapshots import newest_snapshot

ENDED = {"CANCELED", "FAILED", "FINISHED"}


def main(jobmanager: str, slots: str) -> int:
    """Submit the job unless the cluster has it; return the exit status of ``flink run``."""
    with urlopen(f"http://{jobmanager}/jobs/overview", timeout=10) as answer:
        jobs = json.load(answer)["jobs"]
    alive = [job["name"] for job in jobs if job["state"] not in ENDED]
    if alive:
        print(f"already there: {', '.join(alive)}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        command = command_line(
            jobmanager, slots, package(Path(folder) / "tapeline.zip"), newest_snapshot(STATE)
        )
        return subprocess.run(command).returncode


def command_line(jobmanager: str, slots: str, code: Path, snapshot: Path | None) -> list[str]:
    """Return the call of ``flink run``, which goes on from the snapshot if there is one."""
    restore = ["-s", f"file://{snapshot}", "-cm", "CLAIM"] if snapshot else []
    return [
        *["flink", "run", "--detached", "-m", jobmanager, "-p", slots, *restore],
        *["-pyfs", str(code), "-py", str(ROOT / "jobs" / "market.py")],
    ]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
