"""A file on its way to the service."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

CHUNK_BYTES = 1 << 18
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
}

Progress = Callable[[int, int], None]
"""Told how many bytes of how many are sent."""


class Sending:
    """The body of an upload, never whole in memory, and what is to be said of it.

    Args:
        path: A file of trades; its suffix names the form, and one more, ``.gz``, compression.
        progress: Told of each piece.

    Raises:
        ValueError: The suffix names no form that the service reads.
        OSError: There is no such file.
    """

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        suffixes = [each.lower() for each in path.suffixes]
        self.headers: dict[str, str] = {}
        if suffixes[-1:] == [".gz"]:
            suffixes.pop()
            self.headers["Content-Encoding"] = "gzip"
        if not suffixes or suffixes[-1] not in MEDIA_TYPES:
            expected = ", ".join(MEDIA_TYPES)
            raise ValueError(f"{path.name}: expected a file that ends with one of {expected}")
        self.size = path.stat().st_size
        self.headers["Content-Type"] = MEDIA_TYPES[suffixes[-1]]
        self.headers["Content-Length"] = str(self.size)
        self._path = path
        self._progress = progress or (lambda sent, size: None)

    def __iter__(self) -> Iterator[bytes]:
        """The pieces of the file."""
        sent = 0
        with self._path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
                sent += len(chunk)
                self._progress(sent, self.size)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The same; a piece is read in the time that one takes to be sent."""
        for chunk in self:
            yield chunk
