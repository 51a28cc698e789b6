"""What was made, counted, so that what comes out of Tapeline can be held against it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from scripts.generate.chaos import Block, Fate, Silence
from scripts.generate.feed import Faults


class Of(msgspec.Struct):
    """The valid trades of a symbol, each counted once."""

    trades: int = 0
    first: int = 0
    """Event time, ms."""
    last: int = 0


class Bursts(msgspec.Struct):
    """Trades that came at one instant."""

    bursts: int = 0
    trades: int = 0


class Delivered(msgspec.Struct):
    """Messages to Kafka."""

    messages: int
    acknowledged: int
    failed: int
    unacknowledged: int
    not_sent: int
    """Made, but the broker was away when it ended."""


class Manifest(msgspec.Struct, omit_defaults=False):
    """``records`` is ``trades`` and ``duplicates`` and all that is ``rejected``.

    Late trades and those with swapped digits are valid, and among ``trades``.
    """

    made_of: dict[str, Any]
    """The options it was made with."""
    records: int = 0
    trades: int = 0
    """Valid, each counted once; of orders, those that are executions."""
    orders: int = 0
    """Valid messages of FIX, executions too."""
    duplicates: int = 0
    rejected: dict[str, int] = {}
    """By the reason that their dead letters give."""
    late: int = 0
    swapped_digits: int = 0
    bursts: Bursts = msgspec.field(default_factory=Bursts)
    silences: int = 0
    newest_silences: list[Silence] = []
    symbols: dict[str, Of] = {}
    delivery: Delivered | None = None

    def add(self, block: Block, faults: Faults, names: Sequence[str]) -> None:
        """Count a block of trades.

        Args:
            block: What was made.
            faults: What broke its records.
            names: Of the symbols, by their index.
        """
        count = np.bincount(block.fate, minlength=len(Fate)).tolist()
        self.records += len(block.fate)
        self.duplicates += count[Fate.COPIED]
        self.late += count[Fate.LATE]
        self.swapped_digits += count[Fate.SWAPPED]
        self.reject(Counter(fault.reason for fault in faults.values()))
        self.bursts.bursts += len(block.bursts)
        self.bursts.trades += sum(end - first for first, end in block.bursts)
        valid = (block.fate != Fate.BROKEN) & (block.fate != Fate.COPIED)
        self.trades += int(valid.sum())
        symbol, times = block.trades.symbol[valid], block.times[valid]
        order = symbol.astype(np.uint16).argsort(kind="stable")  # radix sort
        starts = np.flatnonzero(np.diff(symbol[order], prepend=-1))
        if not starts.size:
            return
        first = np.minimum.reduceat(times[order], starts).tolist()
        last = np.maximum.reduceat(times[order], starts).tolist()
        sizes = np.diff(starts, append=symbol.size).tolist()
        for code, a, b, size in zip(
            symbol[order][starts].tolist(), first, last, sizes, strict=True
        ):
            of = self.symbols.setdefault(names[code], Of(first=a, last=b))
            of.trades += size
            of.first, of.last = min(of.first, a), max(of.last, b)

    def reject(self, reasons: Counter[str]) -> None:
        """Count broken records."""
        for reason, count in reasons.items():
            self.rejected[reason] = self.rejected.get(reason, 0) + count

    def write(self, path: Path) -> None:
        """Write it, all or nothing."""
        partial = path.with_name(path.name + ".partial")
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")
        partial.replace(path)
