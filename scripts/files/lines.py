"""Lines of a file, and batches of them that fit into memory however long they are."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from api.gateway.lines import lines

CHUNK_BYTES = 1 << 20
BATCH_BYTES = 16 << 20


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file that are not blank, without their line breaks (LF or CRLF)."""
    with path.open("rb") as file:
        chunks = iter(lambda: file.read(CHUNK_BYTES), b"")
        for line in lines(chunks, sys.maxsize):
            if line and not line.isspace():
                yield line


def chunks_of(path: Path, begin: int, size: int) -> Iterator[bytes]:
    """Whole lines of a file from a place on, about so many bytes at once; each ends with LF."""
    with path.open("rb") as file:
        file.seek(begin)
        while chunk := file.read(size) + file.readline():
            yield chunk if chunk.endswith(b"\n") else chunk + b"\n"


def batches(rows: Iterable[bytes], most: int) -> Iterator[list[bytes]]:
    """At most so many rows at once, and fewer where they are long."""
    batch: list[bytes] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row)
        if len(batch) >= most or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
