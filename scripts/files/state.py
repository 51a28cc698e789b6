"""How far a replay is, in a file, so that another one goes on from there."""

import os
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np

from scripts.files.errors import StateError
from scripts.files.merge import Run, Start
from scripts.files.rows import NO_TIME

ANEW = "--restart begins anew"


class Position(msgspec.Struct, kw_only=True):
    """How far a file is sent.

    Attributes:
        size: Of the file, bytes.
        mtime_ns: When it was changed, ns since the epoch.
        rows: How many are acknowledged, from the first one on.
        time_ms: The newest event time among them, ms.
    """

    size: int
    mtime_ns: int
    rows: int = 0
    time_ms: int = NO_TIME


class State(msgspec.Struct, kw_only=True):
    """How far a replay is.

    Attributes:
        target: What is sent where: another replay is not this one.
        files: By the path of each file.
    """

    target: dict[str, str | int | None]
    files: dict[str, Position]
    version: int = 1


class Positions:
    """Where each file of a replay is, on disk as soon as all before it is acknowledged.

    Args:
        path: Of the state.
        target: What is sent where.
        files: Those of the replay, in their order.
        restart: Whether what was sent before does not count.

    Raises:
        StateError: The state is of another replay, or a file has changed since.
    """

    def __init__(
        self, path: Path, target: dict[str, str | int | None], files: Sequence[Path], restart: bool
    ) -> None:
        self._path = path
        before = None if restart else _read(path)
        if before and before.target != target:
            raise StateError(f"{path}: of another replay ({_told(before.target, target)}): {ANEW}")
        self._state = State(target=target, files=dict(before.files) if before else {})
        self._names = [str(file) for file in files]
        for file in files:
            self._state.files[str(file)] = _checked(file, self._state.files.get(str(file)))
        self._taken = [self._state.files[name].rows for name in self._names]
        self._newest = [self._state.files[name].time_ms for name in self._names]

    @property
    def starts(self) -> list[Start]:
        """Where to go on with each file."""
        positions = (self._state.files[name] for name in self._names)
        return [Start(position.rows, position.time_ms) for position in positions]

    @property
    def rows(self) -> int:
        """How many are acknowledged, of all files of this replay."""
        return sum(self._state.files[name].rows for name in self._names)

    def take(self, run: Run) -> None:
        """Rows are handed over, which are the next ones of their files."""
        counts = np.bincount(run.sources, minlength=len(self._taken))
        newest = np.full(len(self._taken), NO_TIME)
        np.maximum.at(newest, run.sources, run.order)
        for place in np.flatnonzero(counts).tolist():
            self._taken[place] += int(counts[place])
            self._newest[place] = int(newest[place])

    def save(self) -> None:
        """All that was taken is acknowledged: write it down, in one piece or not at all."""
        for name, rows, newest in zip(self._names, self._taken, self._newest, strict=True):
            self._state.files[name].rows, self._state.files[name].time_ms = rows, newest
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(f"{self._path.name}.new")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(self._state))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)


def default_path(home: Path, target: dict[str, str | int | None], paths: Iterable[Path]) -> Path:
    """Where the state of a replay is: the same files to the same topic have the same place."""
    said = msgspec.json.encode([target, [str(path.resolve()) for path in paths]], order="sorted")
    return home / "replays" / f"{sha256(said).hexdigest()[:16]}.json"


def _read(path: Path) -> State | None:
    try:
        state = msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, OSError) as error:
        raise StateError(f"{path}: expected the state of a replay: {error}: {ANEW}") from None
    if state.version != State.__struct_defaults__[-1]:
        raise StateError(f"{path}: expected version 1, found {state.version}: {ANEW}")
    return state


def _checked(path: Path, position: Position | None) -> Position:
    found = path.stat()
    if position is None:
        return Position(size=found.st_size, mtime_ns=found.st_mtime_ns)
    if (found.st_size, found.st_mtime_ns) != (position.size, position.mtime_ns):
        raise StateError(
            f"{path}: it has changed since {position.rows:,} of its rows were sent (it had "
            f"{position.size:,} bytes, it has {found.st_size:,}), so nobody knows where to go on: "
            f"{ANEW}"
        )
    return position


def _told(before: dict[str, str | int | None], target: dict[str, str | int | None]) -> str:
    differing = [name for name in target if before.get(name) != target[name]]
    return ", ".join(f"{name} was {before.get(name)}, is {target[name]}" for name in differing)
