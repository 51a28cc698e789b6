"""The checkpoints and savepoints of a job, as they lie in the folder of its state."""

import re
from pathlib import Path

from jobs.upgrades import AGGREGATE

# Java's writeUTF: two bytes of length, then the text. What follows may be digits too.
_UID = re.compile(rb"\x00(.)" + AGGREGATE.encode() + rb"(\d{1,4})", re.DOTALL)


def newest_snapshot(state: Path) -> Path | None:
    """The folder of the newest finished checkpoint or savepoint below ``state``, or None."""
    finished = sorted(state.rglob("_metadata"), key=lambda path: path.stat().st_mtime_ns)
    return finished[-1].parent if finished else None


def shards_in(snapshot: Path | None) -> frozenset[int]:
    """Of how many shards there is state in a snapshot.

    There are two numbers after a change, and none before the first record or without a snapshot.
    The file lists the uids of its operators (Flink's MetadataV6Serializer).
    """
    if snapshot is None:
        return frozenset()
    found = _UID.finditer((snapshot / "_metadata").read_bytes())
    return frozenset(int(uid[2][: uid[1][0] - len(AGGREGATE)]) for uid in found)
