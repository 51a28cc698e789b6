"""Ends a local Tapeline: ``python -m scripts.stack.down`` (scripts/stop.sh calls it)."""

import argparse
import shutil
import sys
from collections.abc import Sequence

from scripts.stack.cli import run
from scripts.stack.local import LocalTapeline
from scripts.stack.lock import exclusive
from scripts.stack.progress import Progress
from scripts.stack.saved import SavedSettings
from scripts.stack.settings import StackSettings

RUNTIME_FOLDERS = ("kafka", "flink", "logs", "run")


def main(arguments: Sequence[str] | None = None) -> int:
    """End what was started in the runtime folder; return 1 if something of it still runs."""
    parser = argparse.ArgumentParser(prog="stop.sh", description="Stop a local Tapeline.")
    parser.add_argument(
        "--clean", action="store_true", help="delete its data, checkpoints and logs too"
    )
    options = parser.parse_args(arguments)
    settings = StackSettings()
    if not settings.home.exists():
        return 0
    with exclusive(settings.home):
        tapeline = LocalTapeline(SavedSettings(settings.home).read() or settings)
        progress = Progress(1, 2 if options.clean else 1)
        with progress.step("Stopping the generator, the API, the job, Flink and Kafka"):
            tapeline.stop()
        left = [process.pid for daemon in tapeline.daemons for process in daemon.family()]
        if left:
            print(f"still running: {left}", file=sys.stderr)
            return 1
        if options.clean:
            with progress.step(f"Deleting what is in {settings.home}"):
                # By name: the folder may be one that holds other things too.
                for name in RUNTIME_FOLDERS:
                    shutil.rmtree(settings.home / name, ignore_errors=True)
    return 0


if __name__ == "__main__":
    run(main)
