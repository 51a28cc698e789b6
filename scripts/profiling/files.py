"""Files: one, those that a pattern names, or all of a folder, partitioned as Hive does or not."""

import glob
import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

from api.gateway.trade import FIELDS
from scripts.profiling import parquet, text
from scripts.profiling.piece import Piece
from scripts.profiling.terms import ProfileError

PARQUET = (".parquet", ".pq")
TEXTS: dict[str, Callable[[Iterable[bytes], int, int], Iterator[Piece]]] = {
    ".csv": text.of_csv,
    ".ndjson": text.of_ndjson,
    ".jsonl": text.of_ndjson,
}
"""By how their names end; all may end in .gz after that."""
CHUNK_BYTES = 1 << 20
_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


class Files:
    """Files as an input, in the order of their names.

    Args:
        given: The name of a file or a folder, or a pattern as ``days/*.parquet``.
        latest_ms: The latest timestamp that is not too far ahead.

    Raises:
        ProfileError: There are no such files, or one of a kind that is not known.
    """

    is_topic = False

    def __init__(self, given: str, latest_ms: int) -> None:
        self.name = given
        self._latest_ms = latest_ms
        self._paths = found(given)
        self.parts = {number: str(path) for number, path in enumerate(self._paths)}
        self.total = float(sum(path.stat().st_size for path in self._paths))

    def pieces(self) -> Iterator[Piece]:
        """All of them: see ``Input``."""
        for part, path in enumerate(self._paths):
            if kind(path) in PARQUET:
                yield from parquet.pieces(path, part, self._latest_ms, constants(path))
            else:
                yield from self._of_text(path, part)

    def _of_text(self, path: Path, part: int) -> Iterator[Piece]:
        try:
            with path.open("rb") as file:
                content: IO[Any] = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file  # type: ignore[assignment]
                before = 0
                for piece in TEXTS[kind(path)](_chunks(content), part, self._latest_ms):
                    now = file.tell()
                    yield replace(piece, read=float(now - before))
                    before = now
        except (OSError, EOFError, ProfileError) as error:
            raise ProfileError(f"{path}: {error}") from error


def found(given: str) -> list[Path]:
    """The files of a name, a folder or a pattern.

    Raises:
        ProfileError: There are none, or one is of a kind that is not known.
    """
    path = Path(given)
    if path.is_dir():
        inside = sorted(each for each in path.rglob("*") if each.is_file())
        paths = [each for each in inside if is_known(each) and not each.name.startswith((".", "_"))]
    elif path.is_file():
        paths = [path]
    else:
        paths = [Path(each) for each in sorted(glob.glob(given, recursive=True))]
        paths = [each for each in paths if each.is_file()]
    if not paths:
        raise ProfileError(f"expected a file, a folder or a pattern of files, found none: {given}")
    unknown = [each for each in paths if not is_known(each)]
    if unknown:
        raise ProfileError(
            f"expected {', '.join([*PARQUET, *TEXTS])} (texts also .gz), got {unknown[0]}"
        )
    return paths


def kind(path: Path) -> str:
    """How the name of a file ends, without .gz."""
    return (path.with_suffix("") if path.suffix == ".gz" else path).suffix.lower()


def is_known(path: Path) -> bool:
    """Whether a file is of a kind that can be read."""
    return kind(path) in TEXTS or (kind(path) in PARQUET and path.suffix != ".gz")


def constants(path: Path) -> dict[str, str | None]:
    """The fields of a trade that the folders of a file name, as ``symbol=BTCUSDT``."""
    pairs = (folder.partition("=") for folder in path.parent.parts)
    return {
        name: None if value == _HIVE_NULL else unquote(value)
        for name, equals, value in pairs
        if equals and name in FIELDS
    }


def _chunks(file: IO[Any]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
