"""The files of a replay: found, told apart by their names, and opened."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from api.gateway.form import Form as TradesForm
from scripts.files.csv_file import CsvFile
from scripts.files.errors import FileError
from scripts.files.fix_file import FixFile
from scripts.files.integer_file import HEAD_BYTES, IntegerFile, Scale, is_integers
from scripts.files.ndjson_file import NdjsonFile
from scripts.files.parquet_file import ParquetFile
from scripts.files.rows import Rows

Form = TradesForm | Literal["fix"]
SUFFIXES: dict[str, Form] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".fix": "fix",
    ".log": "fix",
}
_NULL = "__HIVE_DEFAULT_PARTITION__"


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The files, and those in folders at any depth, each once; hidden ones (._) are left out.

    Raises:
        FileError: There is none, or one whose name says no form that is read.
    """
    found: dict[Path, None] = {}
    for path in paths:
        path = path.resolve()
        if path.is_dir():
            inside = [each for each in sorted(path.rglob("*")) if _is_data(each, path)]
            if not inside:
                raise FileError(f"{path}: expected files of {_suffixes()} in it, found none")
            found |= dict.fromkeys(inside)
        elif path.is_file():
            form_of(path)
            found[path] = None
        else:
            raise FileError(f"{path}: there is no such file or folder")
    return list(found)


def form_of(path: Path) -> Form:
    """What a file is written in, by its name.

    Raises:
        FileError: Its name does not say.
    """
    try:
        return SUFFIXES[path.suffix.lower()]
    except KeyError:
        raise FileError(f"{path}: expected a file of {_suffixes()}") from None


def is_fix(paths: Iterable[Path]) -> bool:
    """Whether all are of FIX.

    Raises:
        FileError: Some are and some are not: they go to different topics.
    """
    found = {form_of(path) == "fix" for path in paths}
    if len(found) > 1:
        raise FileError(
            "expected either trades or FIX, found both: they go to different topics, so replay "
            "them by two calls, at the same time if they are to keep step"
        )
    return found == {True}


def opened(path: Path, scale: Scale, latest_ms: int) -> Rows:
    """Look into a file, and make it ready to be read.

    Args:
        path: Where it is; folders of its path named ``key=value`` are columns of its rows.
        scale: What the integers of a file of integers stand for.
        latest_ms: The latest time that is not too far ahead.

    Raises:
        FileError: It is not what its name says, or not of trades.
    """
    match form_of(path):
        case "fix":
            return FixFile(path, latest_ms)
        case "parquet":
            return ParquetFile(path, partitions_of(path), latest_ms)
        case "ndjson":
            return NdjsonFile(path, partitions_of(path), latest_ms)
        case "csv":
            with path.open("rb") as file:
                if is_integers(file.read(HEAD_BYTES)):
                    return IntegerFile(path, scale, latest_ms)
            return CsvFile(path, partitions_of(path), latest_ms)


def partitions_of(path: Path) -> dict[str, str | None]:
    """What the folders of a path say as Hive does: ``symbol=BTC%2FUSD`` is BTC/USD."""
    pairs = (part.partition("=") for part in path.parts[:-1] if "=" in part)
    return {key: None if value == _NULL else unquote(value) for key, _, value in pairs}


def _is_data(path: Path, root: Path) -> bool:
    is_hidden = any(part.startswith((".", "_")) for part in path.relative_to(root).parts)
    return path.is_file() and not is_hidden and path.suffix.lower() in SUFFIXES


def _suffixes() -> str:
    return ", ".join(SUFFIXES)
