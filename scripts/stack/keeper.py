"""Brings back what dies of a local Tapeline: ``python -m scripts.stack.keeper``.

``start.sh`` starts it with the rest. Flink restarts a job's tasks, but a standalone cluster has
nobody who restarts its processes: and a TaskManager ends itself when a Python worker was killed
while it wrote to it.
"""

import sys
import time

from scripts.stack.cli import run
from scripts.stack.errors import StackError
from scripts.stack.local import LocalTapeline
from scripts.stack.lock import BusyError, exclusive
from scripts.stack.saved import SavedSettings
from scripts.stack.settings import StackSettings

PAUSE_SECONDS = 0.25
PAUSE_AFTER_FAILURE_SECONDS = 10.0


def main() -> int:
    """Look after a local Tapeline for ever."""
    home = StackSettings().home
    settings = SavedSettings(home).read()
    if settings is None:
        print(f"nothing was started in {home}", file=sys.stderr)
        return 1
    tapeline = LocalTapeline(settings)
    while True:
        time.sleep(PAUSE_SECONDS)
        try:
            # While it is started or stopped by hand, nothing is to be brought back.
            with exclusive(home, wait=False):
                for name in tapeline.revive():
                    print(time.strftime("%Y-%m-%d %H:%M:%S"), f"{name} had ended, runs again")
        except BusyError:
            continue
        except (StackError, OSError) as error:
            print(time.strftime("%Y-%m-%d %H:%M:%S"), error, flush=True)
            time.sleep(PAUSE_AFTER_FAILURE_SECONDS)
        sys.stdout.flush()


if __name__ == "__main__":
    run(main)
