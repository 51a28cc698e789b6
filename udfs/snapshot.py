"""Snapshots: the whole state of a shard at one moment, to be written down or dealt out to others.

When a job goes on with another number of shards, each symbol's part of the state goes with it: its
candles, and what was seen of its trades, by the cell that both are of.
"""

from collections.abc import Iterable, Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs import alerts, book, candles, flows, series, table, watch
from udfs.candles import Candles
from udfs.columns import NOTHING, Packed, array
from udfs.fingerprints import FINGERPRINT
from udfs.numbered import ENTRY
from udfs.outages import Run
from udfs.shards import cell_of, heir_of


class Snapshot(msgspec.Struct, array_like=True):
    """The state of a shard, with its arrays as bytes."""

    shard: int
    passed: int
    """Until when windows were closed, ms."""
    watermark: int
    symbols: list[str]
    windows: bytes
    """Of ``candles.pack``; the candles' symbols are places in ``symbols``."""
    numbered: bytes
    """ENTRYs."""
    fingerprints: bytes
    """FINGERPRINTs."""
    counts: dict[int, list[int]]
    duplicates: dict[str, int]
    flows: Packed = NOTHING
    """Of ``flows.pack``, their symbols as those of candles."""
    orders: Packed = NOTHING
    """The open ones, of ``book.pack_orders``; their symbols likewise."""
    books: Packed = NOTHING
    """Of ``book.pack_symbols``: of the first of the symbols."""
    analytics: list[series.Packed] = []
    """Of ``Analytics.pack``, their symbols as those of candles."""
    watched: watch.Packed = msgspec.field(default_factory=watch.Packed)
    """Of ``Watch.pack``: the watch over the first of the symbols."""
    runs: list[Run] = []
    """Of ``Outages.held``; of the account of what decode counted alone."""
    alerted: alerts.Alerted = {}
    waiting: dict[str, int] = {}
    """Of ``Analytics.waiting``, by the name of the symbol."""


_packer = msgspec.msgpack.Encoder()
_unpacker = msgspec.msgpack.Decoder(Snapshot)


def pack(snapshot: Snapshot) -> bytes:
    """The bytes of a snapshot."""
    return _packer.encode(snapshot)


def unpack(data: bytes) -> Snapshot:
    """The snapshot of these bytes."""
    return _unpacker.decode(data)


def split(snapshot: Snapshot, shards: int) -> Iterator[tuple[int, Snapshot]]:
    """What each of so many shards gets of the state of one.

    The counts are of no symbol, and ``heir_of`` it gets them all.
    """
    heir = heir_of(snapshot.shard, shards)
    cells = np.array([cell_of(symbol) for symbol in snapshot.symbols], np.int64)
    held = candles.unpack(snapshot.windows)
    numbered = array(snapshot.numbered, ENTRY)
    fingerprints = array(snapshot.fingerprints, FINGERPRINT)
    of_flows, orders = flows.unpack(snapshot.flows), book.unpack_orders(snapshot.orders)
    books = _of_all(snapshot)
    for shard in range(shards):
        wanted = cells % shards == shard
        codes = np.where(wanted, np.cumsum(wanted) - 1, -1)
        rows = held.take(np.flatnonzero(wanted[held.rows["symbol"]]))
        own_flows, own_orders = (
            each.compress(wanted[each["symbol"]]) for each in (of_flows, orders)
        )
        for each in (rows.rows, own_flows, own_orders):
            each["symbol"] = codes[each["symbol"]]
        symbols = [snapshot.symbols[place] for place in np.flatnonzero(wanted)]
        yield (
            shard,
            msgspec.structs.replace(
                snapshot,
                symbols=symbols,
                windows=candles.pack(rows),
                numbered=numbered.compress(table.cells(numbered) % shards == shard).tobytes(),
                fingerprints=fingerprints.compress(
                    table.cells(fingerprints) % shards == shard
                ).tobytes(),
                counts=snapshot.counts if shard == heir else {},
                duplicates=snapshot.duplicates if shard == heir else {},
                runs=snapshot.runs if shard == heir else [],
                flows=flows.pack(own_flows),
                orders=book.pack_orders(own_orders),
                books=book.pack_symbols(books.compress(wanted)),
                watched=watch.take(snapshot.watched, codes),
                analytics=[series.take(each, codes) for each in snapshot.analytics],
                alerted=alerts.of_shard(snapshot.alerted, shard, shards),
                waiting={s: snapshot.waiting[s] for s in symbols if s in snapshot.waiting},
            ),
        )


def _of_all(snapshot: Snapshot) -> NDArray[np.void]:
    """(symbols,) what is known of the book of each."""
    books = book.unpack_symbols(snapshot.books)
    missing = len(snapshot.symbols) - books.size
    return np.concatenate([books, np.zeros(missing, books.dtype)])


def merged(shard: int, parts: Iterable[Snapshot]) -> Snapshot:
    """The state of a shard out of what it got of others."""
    whole = Snapshot(shard, 0, 0, [], b"", b"", b"", {}, {})
    held: list[Candles] = []
    of_flows, orders, books = [], [], []
    of_series: list[series.Packed] = []
    parts = list(parts)
    for part in parts:
        of_part = candles.unpack(part.windows)
        of_part.rows["symbol"] += len(whole.symbols)
        held.append(of_part)
        own_flows, own_orders = flows.unpack(part.flows), book.unpack_orders(part.orders)
        for each in (own_flows, own_orders):
            each["symbol"] += len(whole.symbols)
        of_flows.append(own_flows)
        orders.append(own_orders)
        books.append(_of_all(part))
        whole.runs += part.runs
        whole.waiting |= part.waiting
        of_series += [series.shifted(each, len(whole.symbols)) for each in part.analytics]
        whole.symbols += part.symbols
        whole.numbered += part.numbered
        whole.fingerprints += part.fingerprints
        for source, counts in part.counts.items():
            before = whole.counts.get(source, [0] * len(counts))
            whole.counts[source] = [a + b for a, b in zip(before, counts, strict=True)]
        for symbol, count in part.duplicates.items():
            whole.duplicates[symbol] = whole.duplicates.get(symbol, 0) + count
    whole.windows = candles.pack(candles.concatenated(held))
    whole.flows = flows.pack(np.concatenate(of_flows))
    whole.orders = book.pack_orders(np.concatenate(orders))
    whole.books = book.pack_symbols(np.concatenate(books))
    whole.watched = watch.merged([(len(part.symbols), part.watched) for part in parts])
    whole.analytics = series.merged(of_series)
    whole.alerted = alerts.merged(part.alerted for part in parts)
    # No shard knew of more time than had passed for all of them.
    whole.passed = max(part.passed for part in parts)
    whole.watermark = max(part.watermark for part in parts)
    return whole
