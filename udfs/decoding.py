"""Decoding: what a batch of Kafka records holds, trades in JSON and FIX messages."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from udfs import executions, fix, orders, trades
from udfs.orders import Events
from udfs.rejects import Rejects
from udfs.sources import are_orders
from udfs.trades import Batch

Sources = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Records:
    """Some Kafka records: n of each."""

    values: pa.BinaryArray
    times_ms: NDArray[np.int64]
    """Their timestamps."""
    sources: Sources
    """Where they come from: see ``udfs.sources``."""
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, part: slice) -> "Records":
        return Records(
            self.values[part], self.times_ms[part], self.sources[part], self.offsets[part]
        )

    def where(self, wanted: NDArray[np.bool_]) -> "Records":
        """Those that are wanted, (n,)."""
        if wanted.all():
            return self
        return Records(
            self.values.filter(pa.array(wanted)),
            self.times_ms[wanted],
            self.sources[wanted],
            self.offsets[wanted],
        )


@dataclass(frozen=True, slots=True)
class Decoded:
    """What some Kafka records held."""

    batches: list[Batch] = field(default_factory=list)
    """The trades."""
    events: list[Events] = field(default_factory=list)
    """What is said of orders."""
    rejects: list[tuple[Rejects, Records]] = field(default_factory=list)
    """What is rejected, and the records that the rows of it count in."""
    outcomes: list[tuple[str, Sources]] = field(default_factory=list)
    """The sources of all that the records hold, by what becomes of it: see ``ledger.of_batch``."""

    def add_rejects(self, rejects: Rejects, records: Records) -> None:
        """Takes in what is rejected of some records."""
        if rejects:
            self.rejects.append((rejects, records))
            self.outcomes.append(("rejected", records.sources[rejects.rows]))

    def times(self) -> tuple[Sources, NDArray[np.int64]]:
        """Source and time (ms), (n,), of each trade and each message about an order."""
        sources = [batch.trades["source"] for batch in self.batches]
        times = [batch.trades["timestamp"] for batch in self.batches]
        sources += [each.events["source"] for each in self.events]
        times += [each.events["time"] for each in self.events]
        if len(times) == 1:
            return sources[0], times[0]
        return np.concatenate([np.zeros(0, np.int32), *sources]), np.concatenate(
            [np.zeros(0, np.int64), *times]
        )

    def extend(self, more: "Decoded") -> None:
        """Takes in what other records held."""
        self.batches.extend(more.batches)
        self.events.extend(more.events)
        self.rejects.extend(more.rejects)
        self.outcomes.extend(more.outcomes)


def decode(records: Records, max_ahead_ms: int) -> Decoded:
    """Decodes and validates Kafka records; never raises on what they hold.

    Args:
        records: trades in JSON, or FIX messages, by their sources.
        max_ahead_ms: how far a trade's timestamp may be ahead of its record's.
    """
    found = Decoded()
    of_orders = are_orders(records.sources)
    for decode_some, wanted in ((_trades, ~of_orders), (_orders, of_orders)):
        if wanted.any():
            found.extend(_guarded(decode_some, records.where(wanted), max_ahead_ms))
    return found


def _guarded(
    decode_some: Callable[[Records, int], Decoded], records: Records, max_ahead_ms: int
) -> Decoded:
    """As ``decode_some``, but a record that it fails on is rejected.

    No such record is known. But what a UDF raises would restart the job on the same record for
    ever.
    """
    try:
        return decode_some(records, max_ahead_ms)
    except Exception:
        found = Decoded()
        if len(records) > 1:
            half = len(records) // 2
            for part in (slice(half), slice(half, None)):
                found.extend(_guarded(decode_some, records[part], max_ahead_ms))
        else:
            found.add_rejects(trades.unread(records.values[0].as_py() or b""), records)
        return found


def _trades(records: Records, max_ahead_ms: int) -> Decoded:
    found = Decoded()
    for batch in trades.decode(
        records.values, records.times_ms, records.sources, records.offsets, max_ahead_ms
    ):
        found.batches.append(_with_crossed(batch, records))
        found.outcomes.append(("trades", batch.trades["source"]))
        found.add_rejects(batch.rejects, records)
    return found


def _orders(records: Records, max_ahead_ms: int) -> Decoded:
    found = Decoded()
    first = 0
    for messages in fix.decode(records.values):
        sent_ms = executions.times_ms_of(messages)
        batch, is_valid, is_trade, rejects = executions.of_messages(
            messages, sent_ms, records.times_ms, records.sources, records.offsets, max_ahead_ms
        )
        found.batches.append(_with_crossed(batch, records))
        found.add_rejects(rejects, records)
        events = orders.of_messages(
            messages,
            sent_ms,
            is_valid,
            is_trade,
            records.sources,
            records.offsets,
            batch.symbols,
        )
        found.events.append(events)
        of_events = events.events
        # An OrderCancelReject names no symbol: no shard could count it.
        of_none = records.sources[messages.places[is_valid & (messages.types == b"9"), 0]]
        scanned = records.sources[first : first + messages.sessions.size]
        found.outcomes.extend(
            [
                ("trades", batch.trades["source"]),
                ("events", of_events["source"][of_events["is_fill"] == 0]),
                ("orders", of_none),
                ("session", np.repeat(scanned, messages.sessions)),
            ]
        )
        first += scanned.size
    return found


def _with_crossed(batch: Batch, records: Records) -> Batch:
    """The batch with the count of trades whose clock is ahead of Kafka's."""
    is_crossed = batch.trades["timestamp"] > records.times_ms[batch.trades["row"]]
    if not is_crossed.any():
        return batch
    counts = np.bincount(batch.trades["symbol"][is_crossed], minlength=len(batch.symbols))
    return replace(batch, crossed=tuple(counts.tolist()))
