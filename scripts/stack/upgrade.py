"""Puts a new version of the job in: ``python -m scripts.stack.upgrade`` (scripts/upgrade.sh)."""

import argparse
from collections.abc import Sequence

from scripts.stack.cli import run
from scripts.stack.errors import StackError
from scripts.stack.local import LocalTapeline
from scripts.stack.lock import exclusive
from scripts.stack.progress import Progress
from scripts.stack.saved import SavedSettings
from scripts.stack.settings import StackSettings
from scripts.stack.waiting import wait_until

CHANGEABLE = frozenset({"parallelism", "flink_memory"})
"""Settings of the local Tapeline that may change here; the others need a stop and a start."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Stop the job with a savepoint and submit it again, from the code and settings of now."""
    argparse.ArgumentParser(
        prog="upgrade.sh",
        description="Stop the job with a savepoint, and submit it again as it is now: with the "
        "code of this checkout and the settings of the environment (TAPELINE_PARALLELISM, say).",
    ).parse_args(arguments)
    given = StackSettings()
    with exclusive(given.home):
        saved = SavedSettings(given.home)
        before = saved.read()
        if before is None:
            raise StackError(f"nothing was started in {given.home}: run scripts/start.sh")
        given_values = {name: getattr(given, name) for name in given.model_fields_set}
        kept = {name: value for name, value in given_values.items() if name not in CHANGEABLE}
        saved.require_same(before.model_copy(update=kept))
        after = before.model_copy(update=given_values)
        _upgrade(LocalTapeline(before), LocalTapeline(after), saved)
    return 0


def _upgrade(old: LocalTapeline, new: LocalTapeline, saved: SavedSettings) -> None:
    new.require_rules()
    before, after = new.settings_of_state, new.settings_to_go_on()
    hands_over = before is not None and before.shards != after.shards
    progress = Progress(1, 3 + hands_over)
    with progress.step("Stopping the job with a savepoint"):
        old.keeper.stop()
        old.job.stop()
    with progress.step("Flink cluster"):
        if new.settings != old.settings:
            old.cluster.stop()
            saved.write(new.settings)
        new.cluster.start()
    with progress.step("The job"):
        try:
            # Code that is newer may read and write more of them.
            new.create_topics()
            new.start_job(fresh=False)
        finally:
            new.keeper.start()
    if hands_over:
        with progress.step(f"The state, from {after.shards_before} shards to {after.shards}"):
            wait_until(
                lambda: new.has_handed_over(after),
                "all shards to have their state; they have it as soon as trades come",
                pause=1,
            )


if __name__ == "__main__":
    run(main)
