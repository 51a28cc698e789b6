"""A shard: all that is kept of the trades and orders of some symbols, and what it publishes.

The state is in memory; what changes it goes to a journal, from which it is made again. Each entry
says what was added and how far event time had passed, so that reading the journal closes and
corrects the same candles, with the same revisions, as it happened. Whoever has the shard asks for
the entries when a checkpoint comes; where they would be more than the state itself, there are none
and the journal begins anew with that.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs import (
    analytics,
    book,
    candles,
    codes,
    columns,
    correlations,
    dead_letters,
    fingerprints,
    flows,
    forms,
    frames,
    late,
    ledger,
    messages,
    numbered,
    order_frames,
    seen,
    snapshot,
    tally,
    tape,
    watch,
    windows,
)
from udfs.alert_rules import AlertRule
from udfs.alerts import Alerted, Alerts
from udfs.analytics import Analytics, AnalyticsRules
from udfs.book import Book
from udfs.candles import LENGTHS_MS, NO_IDS, Candles
from udfs.clock import NO_WATERMARK, Clock
from udfs.columns import NOTHING, Packed
from udfs.fingerprints import FINGERPRINT
from udfs.flows import FLOW
from udfs.frames import Frame
from udfs.intervals import INTERVALS, MINUTE, MINUTE_MS, SECOND_MS
from udfs.ledger import Change, Ledger
from udfs.messages import Messages
from udfs.numbered import ENTRY, Numbered
from udfs.outages import Outages, Run
from udfs.periods import ScoreRules
from udfs.reasons import Reason
from udfs.seen import Seen
from udfs.shards import TALLY
from udfs.snapshot import Snapshot
from udfs.sources import Topics
from udfs.watch import Watch
from udfs.windows import NEVER, Windows

Output = tuple[
    Literal[
        "candles",
        "late_trades",
        "ledger",
        "dead_letters",
        "order_flow",
        "book",
        "indicators",
        "sliding",
        "trends",
        "anomalies",
        "quality",
        "closes",
        "alerts",
    ],
    Messages,
]
"""Which output, and messages to it; ``closes`` are for the correlations."""

LEAST_JOURNAL = 1 << 16
"""A journal of so many bytes is not worth a snapshot yet."""
JOURNAL_TO_SNAPSHOT = 2
"""How many times as long as its snapshot a journal gets before there is a new one."""
ENTRIES_TO_SNAPSHOT = 0.25
"""Of the same, how much the entries get that wait for a checkpoint: a snapshot costs less to make,
byte for byte, and what was spent on entries that it replaces is lost."""
BACKLOG = 5
"""How many times as long a correction waits while event time runs away from the clock: what is
corrected again in a moment is of little use there, and costs those who wait for the newest."""


class StateError(Exception):
    """A journal cannot be read with the settings of now; the text says why."""


@dataclass(frozen=True)
class Rules:
    """What a shard is told by the settings."""

    topics: Topics
    shards: int
    """How many there are."""
    symbols: int
    """Of so many a shard has candles at once; trades and orders of others are rejected."""
    correction_ms: int
    """How far behind the watermark a trade's second may have ended and still be counted."""
    duplicates_ms: int
    """How long a trade is remembered, in event time; 0 is not at all."""
    quiet_ms: int
    """Silence after which event time goes on by the clock; 0 is never."""
    forming: tuple[str, ...]
    """Intervals whose forming candles are published every ``forming_ms``; if there are none, none
    of any interval are."""
    forming_ms: int
    ledger_ms: int
    open_orders: int
    """So many of a symbol are in its book; further ones are ignored."""
    order_ttl_ms: int
    """How long an order of which nothing is heard stays open, in event time."""
    book_ms: int
    """Time between two messages of the book of a symbol."""
    revision_ms: int = 1_000
    """Time between two corrections: of the candles that late trades change, and of all that follows
    from these; while a backlog is read it may be BACKLOG times as long."""
    analytics: AnalyticsRules = field(default_factory=AnalyticsRules)
    scores: ScoreRules = field(default_factory=ScoreRules)
    alerts: tuple[AlertRule, ...] = ()
    silences_ms: tuple[int, ...] = ()
    """From which time without anything of a partition on there is an outage, ascending."""
    sends_closes: bool = False
    """Whether closes of minutes are sent to the correlations."""
    may_repeat: bool = True
    """Whether what was published after a checkpoint stays when the state goes back to it."""
    shards_before: int = 0
    """How many there were when the state was written, if others hand theirs over; else 0."""
    stamp_end: bool = False
    """Whether candles are updated at the end of their window, instead of by the clock."""

    def intervals(self) -> NDArray[np.bool_]:
        """(8,) which intervals are published while they form, every ``forming_ms``."""
        return np.array([name in self.forming for name in INTERVALS])


class _Entry(msgspec.Struct, array_like=True):
    """One change of the state."""

    passed: int
    watermark: int
    symbols: list[str] = []
    exchanges: list[str] = []
    seconds: bytes = b""
    numbered: Packed = NOTHING
    fingerprints: bytes = b""
    changes: list[Change] = []
    duplicates: dict[str, int] = {}
    flows: Packed = NOTHING
    events: Packed = NOTHING
    trades: Packed = NOTHING
    crossed: dict[str, int] = {}
    runs: list[Run] = []
    alerted: Alerted = {}
    waiting: dict[str, int] = {}
    kept: bytes = b""
    """Of the trades: see ``tape.Packed``."""
    corrects: bool = False
    """Whether the closed candles that have changed get their next revision after all that."""


SNAPSHOT, AWAITED = b"S", b"A"
"""What a snapshot in a journal begins with, and what waits for one (``udfs.handover``); an entry
begins with the mark of a msgpack array."""
HANDED_OVER = b"H"
"""All of the journal of a shard of before whose state is with others."""
_packer = msgspec.msgpack.Encoder()
_entries = msgspec.msgpack.Decoder(_Entry)


@dataclass
class Shard:
    """The state of one shard."""

    number: int
    rules: Rules
    windows: Windows = field(default_factory=Windows)
    flows: Windows = field(default_factory=lambda: Windows(row=FLOW))
    numbered: Numbered = field(default_factory=Numbered)
    seen: Seen = field(default_factory=Seen)
    ledger: Ledger = field(default_factory=Ledger)
    changes: list[Change] = field(default_factory=list)
    """Of the ledger, since they were last taken away."""

    def __post_init__(self) -> None:
        self._forming = self.rules.intervals()
        self._slow = self._forming.any() & ~self._forming & (LENGTHS_MS > MINUTE_MS)
        self._symbols: list[str] = []
        self._codes: dict[str, int] = {}
        self._passed = 0
        self._watermark = NO_WATERMARK
        self._clock = Clock(self.rules.quiet_ms)
        self.book = Book(self.rules.open_orders)
        self.analytics = Analytics(self.rules.analytics)
        self.watch = Watch(self.rules.scores)
        self.outages = Outages(self.rules.silences_ms)
        self.alerts = Alerts(self.rules.alerts)
        self._forming_at = self._ledger_at = self._book_at = self._corrected_at = 0
        self._corrected_to = 0
        """How far event time had passed then."""
        self._ledger_due = self._expiry_due = False
        self._entry: _Entry | None = None
        self._entries: list[bytes] = []
        """Those that wait to be written down."""
        self._entries_bytes = self._journal = self._snapshot = 0
        self._snapshot_due = False

    @classmethod
    def restored(
        cls, number: int, rules: Rules, journal: Iterable[bytes], recovered_ms: int
    ) -> "Shard":
        """The shard whose journal this is.

        Args:
            number: Its number.
            rules: What the settings say.
            journal: What ``journal`` gave so far; nothing makes a new shard.
            recovered_ms: When the job went back to this state from a later one, by the wall clock;
                0 if it never did.

        Raises:
            StateError: it is that of an heir, which waits for its state.
        """
        shard = cls(number, rules)
        for data in journal:
            shard._read(data)
        shard._recover(recovered_ms)
        return shard

    @classmethod
    def of_snapshot(cls, number: int, rules: Rules, whole: Snapshot, recovered_ms: int) -> "Shard":
        """The shard with this state, which its journal does not have yet."""
        shard = cls(number, rules)
        shard._load(whole)
        shard._recover(recovered_ms)
        shard._snapshot_due = True
        return shard

    def hear(self, now_ms: int) -> None:
        """Takes it that the job gets something, of whatever shard: it is not quiet."""
        self._clock.heard(now_ms)

    def take(self, piece: bytes, watermark: int, now_ms: int) -> list[Output]:
        """Takes in a frame of the shard (or, as number TALLY, what decode counted)."""
        return self._end(self._take(piece, watermark, now_ms), now_ms)

    def _take(self, piece: bytes, watermark: int, now_ms: int) -> list[Output]:
        out = self._tick(watermark, now_ms)
        watermark = self._watermark
        if self.number == TALLY:
            entry, counted = self._change(watermark), tally.unpack(piece)
            entry.runs = counted.runs
            self._count(entry, counted.changes)
            self.outages.take(counted.runs, self._passed)
        elif order_frames.is_packed(piece):
            out += self._take_orders(piece, watermark, now_ms)
        else:
            out += self._take_trades(piece, watermark, now_ms)
        return out

    def _take_trades(self, piece: bytes, watermark: int, now_ms: int) -> list[Output]:
        out: list[Output] = []
        frame = frames.unpack(piece)
        entry = self._change(watermark)
        entry.symbols, entry.exchanges = frame.symbols, frame.exchanges
        changes: list[Change] = []
        topics = self.rules.topics
        too_late = frame.trades["timestamp"] < self._first_accepted(watermark)
        too_many = self._exceed(frame.symbols, frame.trades["symbol"], ~too_late)
        if too_late.any():
            changes += ledger.by_source(frame.trades["source"][too_late], "late")
            out.append(("late_trades", late.messages(frame, too_late, watermark, topics)))
        if too_many.any():
            changes += ledger.by_source(frame.trades["source"][too_many], "rejected")
            why = Reason.TOO_MANY_SYMBOLS
            letters = dead_letters.of_trades(frame, too_many, why, topics, now_ms)
            out.append(("dead_letters", letters))
        wanted = ~(too_late | too_many)
        if self.rules.duplicates_ms and wanted.any():
            wanted = self._without_duplicates(frame, wanted, entry, changes)
        if not wanted.all():
            frame = frames.take(frame, wanted)
        changes += ledger.by_source(frame.trades["source"], "candles")
        self._count(entry, changes)
        if frame.trades.size:
            seconds, fills = candles.of_frame(frame), flows.of_fills(frame)
            if not self._snapshot_due:
                entry.seconds = candles.pack(seconds)
            if self.watch.is_on:
                entry.trades, kept = frames.columns_of(frame)
                entry.kept = b"" if kept is None else tape.bits_of(kept)
                # Of no other use from here on.
                self._observe(frame.symbols, frame.trades, entry)
                pairs = zip(frame.symbols, frame.crossed, strict=False)
                entry.crossed = {symbol: count for symbol, count in pairs if count}
                self._count_by_symbol("crossed", entry.crossed)
            self._add_trades(frame.symbols, seconds)
            self._take_flows(entry, frame.symbols, fills)
            out += self._form(now_ms)
        return out

    def _take_orders(self, piece: bytes, watermark: int, now_ms: int) -> list[Output]:
        out: list[Output] = []
        frame = order_frames.unpack(piece)
        entry = self._change(watermark)
        entry.symbols = frame.symbols
        events, topics = frame.events, self.rules.topics
        changes: list[Change] = []
        too_many = self._exceed(frame.symbols, events["symbol"], np.ones(events.size, np.bool_))
        if too_many.any():
            # Fills are trades too, and have letters as such.
            places = np.flatnonzero(too_many & (events["is_fill"] == 0))
            changes += ledger.by_source(events["source"][places], "rejected")
            letters = dead_letters.of_orders(frame, places, topics, now_ms)
            out.append(("dead_letters", letters))
            events = events.compress(~too_many)
        # What is late counts in no flow any more; what it says of the book is news all the same.
        too_late = events["time"] < self._first_accepted(watermark)
        are_orders = events["is_fill"] == 0
        changes += ledger.by_source(events["source"][too_late & are_orders], "late")
        changes += ledger.by_source(events["source"][~too_late & are_orders], "orders")
        self._count(entry, changes)
        if events.size:
            seconds = flows.of_events(events.compress(~too_late))
            if not self._snapshot_due:
                entry.events = order_frames.pack_events(events)
            self._apply(frame.symbols, events)
            self._take_flows(entry, frame.symbols, seconds)
            out += self._form(now_ms)
            out += self._publish_book(now_ms)
        return out

    def _add_trades(self, symbols: list[str], seconds: Candles) -> None:
        """Adds candles of one second; the symbols of those that are late wait for a correction."""
        self._encode(symbols, seconds.rows)
        is_late = seconds.rows["start"] + SECOND_MS <= self._passed
        if is_late.any():
            self.analytics.wait(seconds.rows.compress(is_late), self.windows.closed)
        self.windows.add(seconds, self._passed)

    def _take_flows(self, entry: _Entry, symbols: list[str], seconds: NDArray[np.void]) -> None:
        if not seconds.size:
            return
        if not self._snapshot_due:
            entry.flows = flows.pack(seconds)
        self._add(self.flows, symbols, Candles(seconds, NO_IDS))

    def _first_accepted(self, watermark: int) -> int:
        """Since when what comes is not too late."""
        return (watermark + 1 - self.rules.correction_ms) // SECOND_MS * SECOND_MS

    def begin(self, now_ms: int) -> list[Output]:
        """Catches up with the time that its snapshot says has passed."""
        out = [*self._close(now_ms), *self._read_tape(self._watermark, now_ms)]
        return self._end([*out, self._account(now_ms)], now_ms)

    def tick(self, watermark: int, now_ms: int) -> list[Output]:
        """Lets time pass: publishes the candles whose windows are over, and what else is due."""
        return self._end(self._tick(watermark, now_ms), now_ms)

    def _tick(self, watermark: int, now_ms: int) -> list[Output]:
        out: list[Output] = []
        # Flink's watermark begins anew after a recovery; what was forgotten by then stays late.
        watermark = self._watermark = max(watermark, self._watermark)
        passed = self._clock.passed(watermark, now_ms)
        if passed > self._passed:
            over = min(self.windows.next_end, self.flows.next_end) <= passed
            new_minute = passed // MINUTE_MS > self._passed // MINUTE_MS
            self._passed = passed
            if new_minute:
                # Correlations of what closes now are of the newest prices of before.
                out += self._closes(self.windows.amended())
            if over:
                self._change(watermark)
                out += self._close(now_ms)
            out += self._read_tape(watermark, now_ms)
            if new_minute:
                out += self._both(lambda windows: windows.forming(self._slow), now_ms)
                self._expiry_due = True
        if self.outages.next_end <= self._passed:
            self._change(watermark)
            out += self._tell_outages(now_ms)
        out += self._form(now_ms)
        # What waits is not forgotten before it is told.
        if self._expiry_due and not self._waits:
            self._expiry_due = False
            out += self._closes(self.windows.amended())
            self._expire(watermark)
        end = watermark >= NEVER
        out += self._publish_book(now_ms, end)
        if end or now_ms >= self._ledger_at + self.rules.ledger_ms:
            if self.watch.is_touched and (end or not self.rules.stamp_end):
                out += self.watch.totals(self._symbols, self._updated_at(now_ms))
                self._ledger_at = now_ms
            if self._ledger_due:
                out.append(self._account(now_ms))
        return out

    def due(self, now_ms: int) -> tuple[int, int | None]:
        """When ``tick`` has something to do: in event time, and by the wall clock."""
        # A trade on the tape has an open window, the end of which is soon enough to read it.
        ends = self.windows.next_end, self.flows.next_end, self.outages.next_end
        end = min(*ends, self._next_expiry)
        if self.rules.sends_closes and self.windows.has_amended and self._passed < NEVER:
            end = min(end, (self._passed // MINUTE_MS + 1) * MINUTE_MS)
        clock = [self._clock.reaches(end, now_ms)]
        if self.windows.has_touched(self._forming) or self.flows.has_touched(self._forming):
            clock.append(self._forming_at + self.rules.forming_ms)
        if self._waits:
            clock.append(self._next_correction)
        if self.book.is_touched and not self.rules.stamp_end:
            clock.append(self._book_at + self.rules.book_ms)
        if self._ledger_due or (self.watch.is_touched and not self.rules.stamp_end):
            clock.append(self._ledger_at + self.rules.ledger_ms)
        times = [max(time, now_ms + 1) for time in clock if time is not None]
        return end - 1, min(times, default=None)

    def journal(self) -> tuple[list[bytes], bool]:
        """What to write down of the changes since the last call.

        Returns:
            Entries to be added; or, if it is True, a snapshot that replaces all entries.
        """
        if not self._snapshot_due:
            entries, self._entries = self._entries, []
            self._journal += self._entries_bytes
            self._entries_bytes = 0
            return entries, False
        data = SNAPSHOT + snapshot.pack(self.snapshot())
        self._journal, self._snapshot, self._snapshot_due = 0, len(data), False
        return [data], True

    def snapshot(self) -> Snapshot:
        """The whole state."""
        return Snapshot(
            self.number,
            self._passed,
            self._watermark,
            self._symbols,
            candles.pack(self.windows.held),
            self.numbered.held.tobytes(),
            self.seen.held.tobytes(),
            self.ledger.counts,
            self.ledger.duplicates,
            flows.pack(self.flows.held.rows),
            book.pack_orders(self.book.held),
            book.pack_symbols(self.book.symbols),
            self.analytics.pack(),
            self.watch.pack(),
            self.outages.held,
            self.alerts.alerted,
            self._waiting,
        )

    @property
    def _waiting(self) -> dict[str, int]:
        """The symbols whose analytics wait, by their names."""
        return {self._symbols[code]: start for code, start in self.analytics.waiting.items()}

    @property
    def _waits(self) -> bool:
        """Whether there is something to correct."""
        return self.windows.waits or self.flows.waits or bool(self.analytics.waiting)

    def _wait(self, waiting: dict[str, int]) -> None:
        self.analytics.waiting = {self._code(symbol): start for symbol, start in waiting.items()}

    def _read(self, data: bytes) -> None:
        if data.startswith(SNAPSHOT):
            self._load(snapshot.unpack(data[len(SNAPSHOT) :]))
            self._journal, self._snapshot = 0, len(data)
            return
        if data.startswith((AWAITED, HANDED_OVER)):
            raise StateError(
                "the state is being handed over from other shards: set TAPELINE_SHARDS_BEFORE to "
                "what it was, and let the job run until all have it"
            )
        entry = _entries.decode(data)
        self._journal += len(data)
        self._passed, self._watermark = entry.passed, entry.watermark
        self.windows.close(entry.passed)
        self.flows.close(entry.passed)
        self._expire_orders()
        self.watch.read(entry.passed, self._symbols)
        self.outages.read(entry.passed)
        self.outages.take(entry.runs, entry.passed)
        if entry.seconds:
            self._add(self.windows, entry.symbols, candles.unpack(entry.seconds))
        if entry.flows != NOTHING:
            self._add(self.flows, entry.symbols, Candles(flows.unpack(entry.flows), NO_IDS))
        if entry.events != NOTHING:
            self._apply(entry.symbols, order_frames.unpack_events(entry.events))
        if entry.trades != NOTHING:
            trades = tape.unpack([tape.Packed(entry.trades, kept=entry.kept)])
            self._observe(entry.symbols, trades, entry)
            self._count_by_symbol("crossed", entry.crossed)
        since = self._remembered(entry.watermark)
        names = fingerprints.names_of(entry.symbols, entry.exchanges)
        self.numbered.add(numbered.unpack(entry.numbered), names, since)
        self.seen.add(columns.array(entry.fingerprints, FINGERPRINT), since)
        self.ledger.add(entry.changes)
        self.ledger.add_duplicates(entry.duplicates)
        self._count_by_symbol("duplicates", entry.duplicates)
        self.alerts.load(entry.alerted)
        self._wait(entry.waiting)
        if entry.corrects:
            self.windows.correct()
            self.flows.correct()

    def _load(self, whole: Snapshot) -> None:
        self._passed, self._watermark = whole.passed, whole.watermark
        self._rename(whole.symbols)
        self.windows = Windows(candles.unpack(whole.windows))
        self.numbered = Numbered(columns.array(whole.numbered, ENTRY))
        self.seen = Seen(columns.array(whole.fingerprints, FINGERPRINT))
        self.ledger = Ledger(whole.counts, whole.duplicates)
        self.flows = Windows(Candles(flows.unpack(whole.flows), NO_IDS), FLOW)
        self.book = Book(
            self.rules.open_orders,
            book.unpack_orders(whole.orders),
            book.unpack_symbols(whole.books),
        )
        self.analytics.load(whole.analytics)
        self._wait(whole.waiting)
        self.watch.load(whole.watched)
        self.outages = Outages(self.rules.silences_ms, whole.runs)
        self.alerts = Alerts(self.rules.alerts)
        self.alerts.load(whole.alerted)

    def _recover(self, recovered_ms: int) -> None:
        if self.rules.may_repeat:
            self.windows.recovered_ms = self.flows.recovered_ms = recovered_ms
        self.analytics.recover(self.windows.closed())
        # The last account may have been lost with what ended the shard before.
        self._ledger_due = bool(self.ledger.counts)

    def _change(self, watermark: int) -> _Entry:
        """The entry of the change that is being made; of no use where a snapshot is due."""
        if self._entry is None:
            self._entry = _Entry(self._passed, watermark)
        return self._entry

    def _add(self, windows: Windows, symbols: list[str], seconds: Candles) -> None:
        """Adds those of one second, whose symbols these are."""
        self._encode(symbols, seconds.rows)
        windows.add(seconds, self._passed)

    def _apply(self, symbols: list[str], events: NDArray[np.void]) -> None:
        """Does what events of orders say, whose symbols these are."""
        self._encode(symbols, events)
        self.book.apply(events)

    def _observe(self, symbols: list[str], trades: NDArray[np.void], entry: _Entry) -> None:
        """Hands trades, whose symbols these are, to the watch; changes them."""
        codes = self._encode(symbols, trades)
        written = tape.Packed(entry.trades, codes.tobytes(), entry.kept)
        self.watch.take(trades, written, self._symbols, self._passed)

    def _read_tape(self, watermark: int, now_ms: int) -> Sequence[Output]:
        """Publishes what is to be said of the trades whose time has passed."""
        if self.watch.tape.first >= self._passed:
            return []
        self._change(watermark)
        read = self.watch.read(self._passed, self._symbols)
        topics, updated_at = self.rules.topics, self._updated_at(now_ms)
        return self.watch.messages(*read, self._symbols, topics, updated_at)

    def _tell_outages(self, now_ms: int) -> list[Output]:
        """Publishes the silences of partitions that are over."""
        silences = self.outages.read(self._passed)
        made = self.outages.messages(silences, self.rules.topics, self._updated_at(now_ms))
        return [("quality", made)]

    def _encode(self, symbols: list[str], rows: NDArray[np.void]) -> NDArray[np.int64]:
        """Gives rows the shard's own codes of their symbols; returns those, -1 of other symbols."""
        present = np.zeros(len(symbols), np.bool_)
        codes.note(rows["symbol"], present)
        own = np.full(len(symbols), -1)
        for place in np.flatnonzero(present).tolist():
            own[place] = self._code(symbols[place])
        codes.recode(rows["symbol"], own)
        return own

    def _code(self, symbol: str) -> int:
        code = self._codes.get(symbol)
        if code is None:
            code = self._codes[symbol] = len(self._symbols)
            self._symbols.append(symbol)
        return code

    def _rename(self, symbols: list[str]) -> None:
        self._symbols = symbols
        self._codes = {symbol: code for code, symbol in enumerate(symbols)}

    def _exceed(
        self, symbols: list[str], codes: NDArray[np.int32], wanted: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Which of those wanted, (n,), are of a new symbol that there is no room for.

        Args:
            symbols: Of a frame.
            codes: (n,) into them.
            wanted: (n,).
        """
        free = self.rules.symbols - len(self._symbols)
        if len(symbols) <= free:
            return np.zeros(wanted.size, np.bool_)
        present = np.zeros(len(symbols), np.bool_)
        present[codes[wanted]] = True
        is_new = np.array([symbol not in self._codes for symbol in symbols], np.bool_)
        new = np.flatnonzero(present & is_new)
        exceed = np.zeros(len(symbols), np.bool_)
        exceed[new[max(free, 0) :]] = True
        found: NDArray[np.bool_] = exceed[codes] & wanted
        return found

    def _without_duplicates(
        self, frame: Frame, wanted: NDArray[np.bool_], entry: _Entry, changes: list[Change]
    ) -> NDArray[np.bool_]:
        """Which trades of a frame, of those wanted, (n,), are no copies, (n,)."""
        new = self._are_new(frame, wanted, entry)
        copies = frame.trades.compress(wanted & ~new)
        if not copies.size:
            return new
        changes += ledger.by_source(copies["source"], "duplicates")
        counts = np.bincount(copies["symbol"], minlength=len(frame.symbols)).tolist()
        by_symbol = {s: n for s, n in zip(frame.symbols, counts, strict=True) if n}
        entry.duplicates = by_symbol
        self.ledger.add_duplicates(by_symbol)
        self._count_by_symbol("duplicates", by_symbol)
        return new

    def _count_by_symbol(
        self, what: Literal["duplicates", "crossed"], by_symbol: dict[str, int]
    ) -> None:
        """Has the watch count what trades do not tell by themselves, of symbols that it knows."""
        for symbol, count in by_symbol.items():
            if symbol in self._codes:
                self.watch.count(what, self._codes[symbol], count, self._symbols)

    def _are_new(self, frame: Frame, wanted: NDArray[np.bool_], entry: _Entry) -> NDArray[np.bool_]:
        """Which trades of a frame, of those wanted, (n,), were not seen before, (n,)."""
        since = self._remembered(entry.watermark)
        is_numbered, trades = numbered.of_frame(frame, wanted)
        names = fingerprints.names_of(frame.symbols, frame.exchanges)
        new = self.numbered.add(trades, names, since)
        if not self._snapshot_due:
            entry.numbered = numbered.pack(trades if new.all() else trades.compress(new))
        both = np.zeros(frame.trades.size, np.bool_)
        both[is_numbered] = new
        others = wanted & ~is_numbered
        if others.any():
            prints = fingerprints.of_frame(frames.take(frame, others), names)
            both[others] = new = self.seen.add(prints, since)
            entry.fingerprints = prints.compress(new).tobytes()
        return both

    def _remembered(self, watermark: int) -> int:
        """Since when trades are remembered."""
        return watermark - self.rules.duplicates_ms

    def _count(self, entry: _Entry, changes: list[Change]) -> None:
        entry.changes += changes
        self.ledger.add(changes)
        self.changes += changes
        self._ledger_due = True

    def _end(self, out: list[Output], now_ms: int) -> list[Output]:
        """Adds what is corrected, and the alerts that follow from all that; ends the change."""
        out += self._correct(now_ms)
        alerts = self.alerts.of(out, self._updated_at(now_ms))
        if alerts:
            self._change(self._watermark)
            out.append(("alerts", alerts))
        self.alerts.expire(self._first_accepted(self._watermark))
        self._note_change()
        return out

    def _note_change(self) -> None:
        """Has the entry of a change wait for a checkpoint, unless there is to be a snapshot."""
        entry, self._entry = self._entry, None
        alerted = self.alerts.changes()
        if entry is None or self._snapshot_due:
            return
        entry.alerted, entry.waiting = alerted, self._waiting
        data = _packer.encode(entry)
        self._entries.append(data)
        self._entries_bytes += len(data)
        limits = (
            (self._entries_bytes, ENTRIES_TO_SNAPSHOT),
            (self._journal + self._entries_bytes, JOURNAL_TO_SNAPSHOT),
        )
        if any(size > max(LEAST_JOURNAL, share * self._snapshot) for size, share in limits):
            self._snapshot_due = True
            self._entries, self._entries_bytes = [], 0

    def _account(self, now_ms: int) -> Output:
        self._ledger_due, self._ledger_at = False, now_ms
        rules = self.rules
        message = self.ledger.message(self.number, rules.shards, rules.topics, now_ms)
        return "ledger", Messages.of([message])

    def _close(self, now_ms: int) -> list[Output]:
        """Publishes what is of windows that are over."""
        closed = self.windows.close(self._passed)
        return [
            *self._candles(closed, now_ms),
            *self._flows(self.flows.close(self._passed), now_ms),
            *self.analytics.close(closed, self._symbols, self._updated_at(now_ms)),
            *self._closes(closed),
        ]

    def _closes(self, rows: NDArray[np.void]) -> list[Output]:
        """What the correlations are to know of candles that were closed, or corrected."""
        if not self.rules.sends_closes:
            return []
        minutes = rows.compress(rows["interval"] == MINUTE)
        if not minutes.size:
            return []
        return [("closes", Messages.of([(b"", correlations.pack(minutes, self._symbols))]))]

    def _both(self, rows_of: Callable[[Windows], NDArray[np.void]], now_ms: int) -> list[Output]:
        """Publishes candles, and flows, that their windows give."""
        return [
            *self._candles(rows_of(self.windows), now_ms),
            *self._flows(rows_of(self.flows), now_ms),
        ]

    def _candles(self, rows: NDArray[np.void], now_ms: int) -> list[Output]:
        if not rows.size:
            return []
        made = candles.messages(rows, self._symbols, self._updated_at(now_ms))
        return [("candles", made)]

    def _flows(self, rows: NDArray[np.void], now_ms: int) -> list[Output]:
        if not rows.size:
            return []
        made = flows.messages(rows, self._symbols, self._updated_at(now_ms))
        return [("order_flow", made)]

    def _updated_at(self, now_ms: int) -> int | None:
        return None if self.rules.stamp_end else now_ms

    def _form(self, now_ms: int) -> list[Output]:
        """Publishes what changed of the windows that are not over, unless some was just before."""
        if now_ms < self._forming_at + self.rules.forming_ms:
            return []
        formed = self._both(lambda windows: windows.forming(self._forming), now_ms)
        if formed:
            self._forming_at = now_ms
        return formed

    def _correct(self, now_ms: int) -> list[Output]:
        """Publishes what late trades have corrected, unless some was just before.

        Where the same is to come each time, it does not depend on the clock.
        """
        if not self._waits:
            return []
        is_each_time = self.rules.stamp_end or self._watermark >= NEVER
        if now_ms < self._next_correction and not is_each_time:
            return []
        self._corrected_at, self._corrected_to = now_ms, self._passed
        self._change(self._watermark).corrects = True
        updated_at = self._updated_at(now_ms)
        corrected = self.windows.correct()
        return [
            *self._candles(corrected, now_ms),
            *self._flows(self.flows.correct(), now_ms),
            *self.analytics.trends(corrected, self._symbols, updated_at),
            *self.analytics.correct(self.windows.closed, self._symbols, updated_at),
        ]

    @property
    def _next_correction(self) -> int:
        """When what waits is to be told, by the wall clock."""
        wait, ran = self.rules.revision_ms, self._passed - self._corrected_to
        # No candle is forgotten before what waits is told: half as many more may be held for that.
        if ran < self.rules.correction_ms // 2:
            # The clock is past half of what event time ran, unless that runs twice as fast.
            wait = min(max(ran // 2, wait), BACKLOG * wait)
        return self._corrected_at + wait

    def _publish_book(self, now_ms: int, end: bool = False) -> list[Output]:
        """Publishes the books that changed, unless some were just before.

        How often is a matter of the clock: what is to be the same each time comes at the end only.
        """
        too_soon = self.rules.stamp_end or now_ms < self._book_at + self.rules.book_ms
        if (too_soon and not end) or not self.book.is_touched:
            return []
        self._book_at = now_ms
        touched = self.book.take_touched()
        made = book.messages(self.book, touched, self._symbols, self._updated_at(now_ms))
        return [("book", made)]

    def _expire(self, watermark: int) -> None:
        """Forgets what no trade can change or repeat any more."""
        if watermark >= NEVER:
            return
        self.analytics.expire(self.windows.expire(watermark + 1 - self.rules.correction_ms))
        self.flows.expire(watermark + 1 - self.rules.correction_ms)
        self._expire_orders()
        since = self._remembered(watermark)
        self.numbered.expire(since)
        self.seen.expire(since)
        candles, flows, orders = self.windows.held, self.flows.held, self.book.held
        full = len(self._symbols) >= self.rules.symbols
        # Where there is no room, what is only remembered goes first.
        since = NEVER if full else watermark - self.rules.analytics.ttl_ms
        is_used = np.zeros(len(self._symbols), np.bool_)
        for rows in (candles.rows, flows.rows, orders):
            is_used[rows["symbol"]] = True
        is_used[self.analytics.symbols(since)] = True
        self.watch.mark(is_used, since)
        used = np.flatnonzero(is_used)
        if 2 * used.size < len(self._symbols) or (full and used.size < len(self._symbols)):
            codes = np.full(len(self._symbols), -1)
            codes[used] = np.arange(used.size)
            for windows, held in ((self.windows, candles), (self.flows, flows)):
                held.rows["symbol"] = codes[held.rows["symbol"]]
                windows.hold(held)
            self.book.rename(codes)
            self.analytics.rename(codes)
            self.watch.rename(codes)
            self._rename([self._symbols[code] for code in used.tolist()])

    def _expire_orders(self) -> None:
        """Forgets open orders by the minute, as it is done again when the journal is read."""
        if self._passed < NEVER:
            minute = self._passed // MINUTE_MS * MINUTE_MS
            self.book.expire(minute - self.rules.order_ttl_ms)

    @property
    def _next_expiry(self) -> int:
        """When the first of the open orders expires, ms; NEVER if none does."""
        if self.book.oldest >= NEVER or self._passed >= NEVER:
            return int(NEVER)
        return (self.book.oldest + self.rules.order_ttl_ms) // MINUTE_MS * MINUTE_MS + MINUTE_MS


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    of_state = (candles, flows, windows, numbered, fingerprints, seen, book)
    for module in (frames, codes, forms, *of_state, analytics, watch, messages):
        module.warm_up()
