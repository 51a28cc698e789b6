"""Rows of NDJSON: one JSON object a line."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from scripts.files.layout import SAMPLE_ROWS, Layout
from scripts.files.lines import batches, lines_of
from scripts.files.rows import Batch, Flags, objects, with_broken
from scripts.files.times import Unit, sure


class _Head(msgspec.Struct, gc=False):
    """What a line has to be sent by."""

    symbol: Any = None
    timestamp: Any = None


_head = msgspec.json.Decoder(_Head).decode
_value = msgspec.json.Decoder().decode
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class NdjsonFile:
    """A file of NDJSON.

    Lines that have Tapeline's own names and times in ms are sent byte for byte, whatever is wrong
    with one of them; of lines with other names only broken ones are.

    Args:
        path: Where it is.
        partitions: Columns that its folders say, with the value that all its rows have.
        latest_ms: The latest time that is not too far ahead.

    Raises:
        FileError: Its fields are not those of trades.
    """

    def __init__(self, path: Path, partitions: Mapping[str, str | None], latest_ms: int) -> None:
        self._path = path
        self._latest_ms = latest_ms
        self._layout: Layout | None = None
        found = [_object(line) for line in islice(lines_of(path), SAMPLE_ROWS)]
        sample = [each for each in found if each is not None]
        names = list(dict.fromkeys(name for each in sample for name in each))
        self._partitions = {k: v for k, v in partitions.items() if k not in names}
        if not sample:
            return
        layout = Layout([*names, *self._partitions], str(path), latest_ms)
        layout.measure(self._columns(layout, sample))
        times = [each.get("timestamp") for each in sample]
        is_own = all(
            field == column and column in names for field, column in layout.columns.items()
        )
        if not (is_own and layout.unit == Unit() and any(type(each) is int for each in times)):
            self._layout = layout

    def read(self, first: int, batch_rows: int) -> Iterator[Batch]:
        """Yield the rows from ``first`` on."""
        lines = islice(lines_of(self._path), first, None)
        make = self._as_they_are if self._layout is None else self._renamed
        return map(make, batches(lines, batch_rows))

    def _as_they_are(self, lines: list[bytes]) -> Batch:
        try:
            heads = list(map(_head, lines))
            apart: Flags = np.zeros(len(lines), dtype=np.bool_)
        except _UNREADABLE:
            tried = [_read(line) for line in lines]
            apart = np.array([head is None for head in tried], dtype=np.bool_)
            heads = [head or _Head() for head in tried]
        return Batch(
            sure([head.timestamp for head in heads], self._latest_ms),
            objects([h.symbol.encode() if type(h.symbol) is str else b"" for h in heads]),
            objects(lines),
            apart,
        )

    def _renamed(self, lines: list[bytes]) -> Batch:
        assert self._layout is not None
        found = [_object(line) for line in lines]
        whole = [each for each in found if each is not None]
        broken = {n: lines[n] for n, each in enumerate(found) if each is None}
        return with_broken(self._layout.batch(self._columns(self._layout, whole)), broken)

    def _columns(self, layout: Layout, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
        return {
            column: [row.get(column, self._partitions.get(column)) for row in rows]
            for column in layout.columns.values()
        }


def _read(line: bytes) -> _Head | None:
    try:
        return _head(line)
    except _UNREADABLE:
        return None


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = _value(line)
    except _UNREADABLE:
        return None
    return value if isinstance(value, dict) else None
