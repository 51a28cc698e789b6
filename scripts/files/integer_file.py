"""Rows of CSV that has only integers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.files.errors import FileError
from scripts.files.integers import FIELDS, parse, skip
from scripts.files.layout import Layout, as_text
from scripts.files.rows import Batch, Ints, objects, with_broken
from scripts.files.times import Unit

COLUMNS = ("timestamp_us", "instrument", "side", "price", "quantity", "trade_id")
_NAMES = ("symbol", "price", "quantity", "timestamp", "side", "trade_id")
_SIDES = ("buy", "sell")
HEAD_BYTES = 256
"""Of a file tell whether it is one of these."""


@dataclass(frozen=True)
class Scale:
    """What the integers stand for.

    Attributes:
        symbols: Of the instruments, in their order.
        price_digits: Decimals of a price.
        quantity_digits: Decimals of a quantity.
    """

    symbols: Sequence[str] = ()
    price_digits: int = 8
    quantity_digits: int = 8


class IntegerFile:
    """A file of the six columns of integers, mapped into memory and parsed where it lies.

    Args:
        path: Where it is.
        scale: What the integers stand for.
        latest_ms: The latest time that is not too far ahead.

    Raises:
        FileError: There are no symbols.
    """

    def __init__(self, path: Path, scale: Scale, latest_ms: int) -> None:
        if not scale.symbols:
            raise FileError(f"{path}: expected --symbols A,B,C for its instruments 0, 1, 2")
        self._path = path
        self._symbols = objects(scale.symbols)
        self._units = (10.0**scale.price_digits, 10.0**scale.quantity_digits)
        self._layout = Layout(_NAMES, str(path), latest_ms)
        self._layout.unit = Unit(per_ms=1_000)

    def read(self, first: int, batch_rows: int) -> Iterator[Batch]:
        """Yield the rows from ``first`` on."""
        for numbers, places, text in self.numbers(first, batch_rows):
            is_good = places[:, 1] == 0
            broken = {
                int(row): as_text(text[places[row, 0] : places[row, 1]].tobytes())
                for row in np.flatnonzero(~is_good)
            }
            whole = numbers if not broken else numbers[:, is_good]
            yield with_broken(self._layout.batch(self._columns(whole)), broken)

    def numbers(
        self, first: int, batch_rows: int
    ) -> Iterator[tuple[Ints, Ints, NDArray[np.uint8]]]:
        """Yield the integers of the rows from ``first`` on.

        Yields:
            (6, n) int64 in the order of ``COLUMNS``; (n, 2) int64 where each row that is broken
            begins and ends, else 0, 0; and the text that they lie in. They hold until the next.
        """
        if not self._path.stat().st_size:
            return
        text = np.asarray(np.memmap(self._path, np.uint8, "r"))
        at = skip(text, 0, first + has_header(bytes(text[:HEAD_BYTES])))
        numbers = np.empty((FIELDS, batch_rows), np.int64)
        places = np.empty((batch_rows, 2), np.int64)
        while at < text.size:
            rows, at = parse(text, at, numbers, places)
            if rows:
                yield numbers[:, :rows], places[:rows], text

    def _columns(self, numbers: Ints) -> dict[str, Any]:
        times, instruments, sides, prices, quantities, ids = numbers
        known = (instruments >= 0) & (instruments < len(self._symbols))
        symbols = instruments.astype(np.object_)
        symbols[known] = self._symbols[instruments[known]]
        return {
            "symbol": symbols,
            "price": prices / self._units[0],
            "quantity": quantities / self._units[1],
            "timestamp": times,
            "side": [_SIDES[side] if 0 <= side < 2 else side for side in sides.tolist()],
            "trade_id": ids,
        }


def is_integers(head: bytes) -> bool:
    """Whether a file that begins like this is one of these."""
    cells = head.partition(b"\n")[0].strip().split(b",")
    return has_header(head) or (
        len(cells) == FIELDS and all(cell.removeprefix(b"-").isdigit() for cell in cells)
    )


def has_header(head: bytes) -> bool:
    """Whether the first line names the columns; it need not be there."""
    return head.partition(b"\n")[0].strip() == ",".join(COLUMNS).encode()
