"""The ledger: where every record went, by the topic and partition that it came from.

``decode`` counts what it read (messages, records) and what it rejected; a shard counts what became
of the trades that it got. Both count the same records, at two places: so that

    records = in candles + duplicates + late + rejected + orders + session

is a law that breaks if a frame is lost or comes twice between them.
"""

import heapq
from collections.abc import Iterable
from operator import itemgetter

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs.codes import distinct
from udfs.sources import Topics, named

COUNTS = (
    *("messages", "records", "candles", "duplicates", "late", "rejected"),
    *("orders", "session"),
)

MOST_SYMBOLS = 1_000
"""So many symbols' duplicates are in a message: it has to stay far below Kafka's limit."""
MOST_COUNTED = 10_000
"""So many symbols' duplicates are counted by themselves; those of others under OTHERS."""
OTHERS = ""
"""In place of a symbol, which none is named."""

Change = tuple[int, str, int]
"""Source, which of COUNTS, how many."""


class Source(msgspec.Struct):
    """What became of the records of one partition."""

    topic: str
    partition: int
    messages: int
    records: int
    candles: int
    duplicates: int
    late: int
    rejected: int
    orders: int
    """Messages of FIX about orders that are no trades."""
    session: int
    """Messages that keep a FIX session going."""


class Account(msgspec.Struct):
    """The counts of one shard since the job first started, as their topic has them."""

    shard: int
    shards: int
    """How many there are."""
    sources: list[Source]
    duplicates: dict[str, int]
    """By symbol, of the MOST_SYMBOLS that have the most; see OTHERS."""
    updated_at: int


_json = msgspec.json.Encoder()


class Ledger:
    """The counts of one shard."""

    def __init__(
        self, counts: dict[int, list[int]] | None = None, duplicates: dict[str, int] | None = None
    ) -> None:
        self.counts = counts or {}
        """By source (see ``udfs.sources``), in the order of COUNTS."""
        for each in self.counts.values():
            # A state of before has fewer.
            each += [0] * (len(COUNTS) - len(each))
        self.duplicates = duplicates or {}
        """By symbol."""

    def add(self, changes: Iterable[Change]) -> None:
        """Adds counts: see Change."""
        for source, name, count in changes:
            self.counts.setdefault(source, [0] * len(COUNTS))[COUNTS.index(name)] += count

    def add_duplicates(self, by_symbol: dict[str, int]) -> None:
        """Adds duplicates of symbols."""
        for symbol, count in by_symbol.items():
            if symbol not in self.duplicates and len(self.duplicates) >= MOST_COUNTED:
                symbol = OTHERS
            self.duplicates[symbol] = self.duplicates.get(symbol, 0) + count

    def message(self, shard: int, shards: int, topics: Topics, now_ms: int) -> tuple[bytes, bytes]:
        """Key and value of the message of the account of one of so many shards."""
        sources = [
            Source(*named(source, topics), *counts)
            for source, counts in sorted(self.counts.items())
        ]
        most = heapq.nlargest(MOST_SYMBOLS, self.duplicates.items(), key=itemgetter(1))
        account = Account(shard, shards, sources, dict(most), now_ms)
        return b"%d" % shard, _json.encode(account)


def by_source(sources: NDArray[np.int32], name: str) -> list[Change]:
    """Counts of records that have these sources."""
    found, _, counts = distinct(sources)
    return [(s, name, n) for s, n in zip(found.tolist(), counts.tolist(), strict=True)]


def of_batch(
    messages: NDArray[np.int32], records: Iterable[tuple[str, NDArray[np.int32]]]
) -> list[Change]:
    """What is counted of a batch as it is decoded.

    Args:
        messages: the sources of the Kafka records.
        records: the sources of the records in them, by what becomes of each: that of ``trades``
            and ``events`` is up to a shard, the others are some of COUNTS.
    """
    changes = by_source(messages, "messages")
    for outcome, sources in records:
        changes += by_source(sources, "records")
        if outcome in COUNTS:
            changes += by_source(sources, outcome)
    return changes
