"""Where every record went: the newest account of each shard, and what they add up to."""

import heapq
import threading
from collections import Counter
from collections.abc import Iterable

import msgspec

from api.records import Account, Source

# What may have become of a record: these counts add up to the records.
OUTCOMES = ("candles", "duplicates", "late", "rejected", "orders", "session", "in_flight")


class Counts(msgspec.Struct, kw_only=True):
    """What was read, and what became of it.

    ``in_flight`` are the records whose outcome no account has yet. The accounts of the shards are
    of different moments, up to ``TAPELINE_LEDGER_MS`` apart: while records come it is off by what
    came between them, and may be negative; it is exact once no account has anything new.
    """

    messages: int = 0
    records: int = 0
    candles: int = 0
    duplicates: int = 0
    late: int = 0
    rejected: int = 0
    orders: int = 0
    session: int = 0
    in_flight: int = 0

    def add(self, source: Source) -> None:
        """Add what one account says of a source."""
        self.messages += source.messages
        self.records += source.records
        self.candles += source.candles
        self.duplicates += source.duplicates
        self.late += source.late
        self.rejected += source.rejected
        self.orders += source.orders
        self.session += source.session
        ended = source.candles + source.duplicates + source.late + source.rejected
        ended += source.orders + source.session
        self.in_flight += source.records - ended


class SourceCounts(Counts):
    """The counts of one partition."""

    topic: str
    partition: int


class Balance(msgspec.Struct):
    """What the accounts of all shards add up to.

    ``sources`` are in the order of topic and partition; ``balanced`` says that nothing is in
    flight in any of them; ``duplicates`` are by symbol, the most first; ``updated_at`` is that of
    the newest account, ms, None if there is none.
    """

    sources: list[SourceCounts]
    total: Counts
    balanced: bool
    duplicates: dict[str, int]
    updated_at: int | None


class Ledger:
    """The newest account of each shard; one thread writes, any number read.

    An account holds all that its shard ever counted, so it replaces the one before. There are no
    more accounts than ``Account`` allows shards.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: dict[int, Account] = {}

    def put(self, accounts: Iterable[Account]) -> None:
        """Take in accounts in the order they were read; one older than the one kept is dropped."""
        with self._lock:
            for account in accounts:
                kept = self._accounts.get(account.shard)
                if kept is None or account.updated_at >= kept.updated_at:
                    self._accounts[account.shard] = account

    def balance(self, limit: int) -> Balance:
        """What all accounts add up to, with the ``limit`` symbols that have most duplicates."""
        accounts = self._newest()
        sources: dict[tuple[str, int], SourceCounts] = {}
        duplicates = Counter[str]()
        for account in accounts:
            duplicates.update(account.duplicates)
            for source in account.sources:
                place = (source.topic, source.partition)
                if place not in sources:
                    sources[place] = SourceCounts(*place)
                sources[place].add(source)
        most = heapq.nsmallest(limit, duplicates.items(), key=lambda item: (-item[1], item[0]))
        return Balance(
            sources=[sources[place] for place in sorted(sources)],
            total=_total(accounts),
            balanced=not any(counts.in_flight for counts in sources.values()),
            duplicates=dict(most),
            updated_at=max((account.updated_at for account in accounts), default=None),
        )

    def total(self) -> Counts:
        """The counts of all accounts together."""
        return _total(self._newest())

    def _newest(self) -> list[Account]:
        with self._lock:
            return list(self._accounts.values())


def _total(accounts: Iterable[Account]) -> Counts:
    total = Counts()
    for account in accounts:
        for source in account.sources:
            total.add(source)
    return total
