"""What a job goes on from: the newest snapshot, and the shards whose state is in it."""

import os
from pathlib import Path

import pytest

from jobs.settings import Settings
from scripts.stack.local import LocalTapeline
from scripts.stack.settings import StackSettings
from scripts.stack.snapshots import newest_snapshot, shards_in


def snapshot(state: Path, *shards: int) -> Path:
    """A finished one, as far as it is read: operators with their names, uids and ids."""
    folder = state / "checkpoints/a/chk-1"
    folder.mkdir(parents=True)
    uids = [f"aggregate-{number}".encode() for number in shards]
    # Flink's two hashes after each uid may look like more digits of it.
    operators = [b"\x00\x09aggregate\x00" + bytes([len(uid)]) + uid + b"123\x7f" for uid in uids]
    (folder / "_metadata").write_bytes(b"\x49\x60\x67\x2d\x00\x00\x00\x06" + b"".join(operators))
    return folder


def test_the_newest_finished_snapshot_counts(tmp_path: Path) -> None:
    assert newest_snapshot(tmp_path) is None
    for second, folder in enumerate(("checkpoints/a/chk-9", "savepoints/savepoint-1")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "_metadata").touch()
        os.utime(tmp_path / folder / "_metadata", (second, second))
    (tmp_path / "checkpoints/a/chk-10").mkdir()  # not finished
    assert newest_snapshot(tmp_path) == tmp_path / "savepoints/savepoint-1"


@pytest.mark.parametrize("shards", [(), (16,), (1, 9_998), (16, 24, 1_234)])
def test_a_snapshot_says_of_which_shards_it_is(tmp_path: Path, shards: tuple[int, ...]) -> None:
    assert shards_in(snapshot(tmp_path, *shards)) == set(shards)


def test_nothing_has_no_shards() -> None:
    assert shards_in(None) == set()


@pytest.mark.parametrize(
    ("now", "before"),
    [(24, 16), (16, 0), (32, 16)],
    ids=["the same change", "taken back", "another"],
)
def test_a_change_of_shards_that_came_into_no_snapshot_never_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: int, before: int
) -> None:
    monkeypatch.setenv("TAPELINE_SHARDS", str(now))
    tapeline = LocalTapeline(StackSettings(home=tmp_path))
    snapshot(tapeline.cluster.state, 16)
    submitted = Settings(shards=24, shards_before=16)
    (tmp_path / "flink/job-settings.json").write_text(submitted.model_dump_json())
    assert tapeline.settings_to_go_on().shards_before == before
