"""A shard: all that is kept of the trades of some symbols, and what it publishes of them.

The state is in memory; what changes it is written to a journal, from which it is made again. Each
entry says what was added and how far event time had passed, so that reading the journal closes and
corrects the same candles, with the same revisions, as it happened.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from udfs import (
    candles,
    dead_letters,
    fingerprints,
    frames,
    late,
    ledger,
    numbered,
    seen,
    snapshot,
    windows,
)
from udfs.candles import LENGTHS_MS, Candles
from udfs.columns import Packed
from udfs.fingerprints import FINGERPRINT
from udfs.frames import Frame
from udfs.intervals import INTERVALS, MINUTE_MS, SECOND_MS
from udfs.ledger import Change, Ledger
from udfs.numbered import ENTRY, Numbered
from udfs.reasons import Reason
from udfs.seen import Seen
from udfs.shards import TALLY
from udfs.snapshot import Snapshot
from udfs.sources import Topics
from udfs.windows import NEVER, Places, Windows

Output = tuple[Literal["candles", "late_trades", "ledger", "dead_letters"], bytes, bytes]
"""Which output, and key and value of a message to it."""

NO_WATERMARK = -(2**63)
LEAST_JOURNAL = 1 << 16
"""A journal of so many bytes is not worth a snapshot yet."""
JOURNAL_TO_SNAPSHOT = 2
"""How many times as long as its snapshot a journal gets before there is a new one."""


class StateError(Exception):
    """A journal cannot be read with the settings of now; the text says why."""


@dataclass(frozen=True)
class Rules:
    """What a shard is told by the settings."""

    topics: Topics
    shards: int
    """How many there are."""
    symbols: int
    """Of so many a shard has candles at once; trades of others are rejected."""
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
    numbered: Packed = (0, b"", b"")
    fingerprints: bytes = b""
    changes: list[Change] = []
    duplicates: dict[str, int] = {}


SNAPSHOT, AWAITED = b"S", b"A"
"""What a snapshot in a journal begins with, and what waits for one (``udfs.handover``); an entry
begins with the mark of a msgpack array."""
HANDED_OVER = b"H"
"""All of the journal of a shard of before whose state is with others."""
_packer = msgspec.msgpack.Encoder()
_entries = msgspec.msgpack.Decoder(_Entry)


@dataclass
class _Clock:
    """How far event time has passed: by the watermark, or by the wall clock while all is quiet."""

    quiet_ms: int
    watermark: int = NO_WATERMARK
    since_ms: int | None = None
    """When the watermark was first seen to be there."""

    def passed(self, watermark: int, now_ms: int) -> int:
        """Windows that end at this time (ms) or before are over."""
        if watermark != self.watermark or self.since_ms is None:
            self.watermark, self.since_ms = watermark, now_ms
        quiet = now_ms - self.since_ms
        if not self.quiet_ms or quiet < self.quiet_ms or watermark < 0:
            quiet = 0
        return min(watermark + quiet, int(NEVER) - 1) + 1

    def reaches(self, end_ms: int, now_ms: int) -> int | None:
        """When event time will pass a time if all stays quiet; None is never."""
        if not self.quiet_ms or end_ms == NEVER:
            return None
        if self.watermark < 0 or self.since_ms is None:
            # The first watermark may come behind the last trade, and nothing tells of it.
            return now_ms + self.quiet_ms
        return self.since_ms + max(self.quiet_ms, end_ms - self.watermark)


@dataclass
class Shard:
    """The state of one shard."""

    number: int
    rules: Rules
    windows: Windows = field(default_factory=Windows)
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
        self._clock = _Clock(self.rules.quiet_ms)
        self._forming_at = self._ledger_at = 0
        self._ledger_due = False
        self._entry: _Entry | None = None
        self._journal = self._snapshot = 0
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
        shard._change(shard._watermark)
        shard._snapshot_due = True
        return shard

    def take(self, piece: bytes, watermark: int, now_ms: int) -> list[Output]:
        """Takes in a frame of the shard (or, as number TALLY, what decode counted)."""
        out = self.tick(watermark, now_ms)
        watermark = self._watermark
        if self.number == TALLY:
            self._count(self._change(watermark), ledger.read_tally(piece))
            return out
        frame = frames.unpack(piece)
        entry = self._change(watermark)
        entry.symbols, entry.exchanges = frame.symbols, frame.exchanges
        changes: list[Change] = []
        topics = self.rules.topics
        first_accepted = (watermark + 1 - self.rules.correction_ms) // SECOND_MS * SECOND_MS
        too_late = frame.trades["timestamp"] < first_accepted
        too_many = self._exceed(frame, ~too_late)
        if too_late.any():
            places = np.flatnonzero(too_late)
            changes += ledger.by_source(frame.trades["source"][places], "late")
            for message in late.messages(frame, places, watermark, topics):
                out.append(("late_trades", *message))
        if too_many.any():
            places = np.flatnonzero(too_many)
            changes += ledger.by_source(frame.trades["source"][places], "rejected")
            why = Reason.TOO_MANY_SYMBOLS
            for message in dead_letters.of_trades(frame, places, why, topics, now_ms):
                out.append(("dead_letters", *message))
        if too_late.any() or too_many.any():
            frame = frames.take(frame, ~(too_late | too_many))
        if self.rules.duplicates_ms and frame.trades.size:
            frame = self._without_duplicates(frame, entry, changes)
        changes += ledger.by_source(frame.trades["source"], "candles")
        self._count(entry, changes)
        if frame.trades.size:
            seconds = candles.of_frame(frame)
            entry.seconds = candles.pack(seconds)
            out += self._candles(self._add(frame.symbols, seconds), now_ms)
            out += self._form(now_ms)
        return out

    def begin(self, now_ms: int) -> list[Output]:
        """Catches up with the time that its snapshot says has passed."""
        out = self._candles(self.windows.close(self._passed), now_ms)
        return [*out, self._account(now_ms)]

    def tick(self, watermark: int, now_ms: int) -> list[Output]:
        """Lets time pass: publishes the candles whose windows are over, and what else is due."""
        out: list[Output] = []
        # Flink's watermark begins anew after a recovery; what was forgotten by then stays late.
        watermark = self._watermark = max(watermark, self._watermark)
        passed = self._clock.passed(watermark, now_ms)
        if passed > self._passed:
            over = self.windows.next_end <= passed
            new_minute = passed // MINUTE_MS > self._passed // MINUTE_MS
            self._passed = passed
            if over:
                self._change(watermark)
                out += self._candles(self.windows.close(passed), now_ms)
            if new_minute:
                out += self._candles(self.windows.forming(self._slow), now_ms)
                self._expire(watermark)
        out += self._form(now_ms)
        end = watermark >= NEVER
        if self._ledger_due and (end or now_ms >= self._ledger_at + self.rules.ledger_ms):
            out.append(self._account(now_ms))
        return out

    def due(self, now_ms: int) -> tuple[int, int | None]:
        """When ``tick`` has something to do: in event time, and by the wall clock."""
        end = self.windows.next_end
        clock = [self._clock.reaches(end, now_ms)]
        if self.windows.has_touched(self._forming):
            clock.append(self._forming_at + self.rules.forming_ms)
        if self._ledger_due:
            clock.append(self._ledger_at + self.rules.ledger_ms)
        times = [max(time, now_ms + 1) for time in clock if time is not None]
        return end - 1, min(times, default=None)

    def journal(self) -> tuple[bytes, bool] | None:
        """What to write down of the changes since the last call; None if there are none.

        Returns:
            An entry to be added; or, if it is True, a snapshot that replaces all entries.
        """
        if self._entry is None:
            return None
        data = _packer.encode(self._entry)
        self._entry = None
        self._journal += len(data)
        enough = max(LEAST_JOURNAL, JOURNAL_TO_SNAPSHOT * self._snapshot)
        if self._journal <= enough and not self._snapshot_due:
            return data, False
        data = SNAPSHOT + snapshot.pack(self.snapshot())
        self._journal, self._snapshot, self._snapshot_due = 0, len(data), False
        return data, True

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
        )

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
        if entry.seconds:
            self._add(entry.symbols, candles.unpack(entry.seconds))
        since = self._remembered(entry.watermark)
        names = fingerprints.names_of(entry.symbols, entry.exchanges)
        self.numbered.add(numbered.unpack(entry.numbered), names, since)
        self.seen.add(snapshot.array(entry.fingerprints, FINGERPRINT), since)
        self.ledger.add(entry.changes)
        self.ledger.add_duplicates(entry.duplicates)

    def _load(self, whole: Snapshot) -> None:
        self._passed, self._watermark = whole.passed, whole.watermark
        self._rename(whole.symbols)
        self.windows = Windows(candles.unpack(whole.windows))
        self.numbered = Numbered(snapshot.array(whole.numbered, ENTRY))
        self.seen = Seen(snapshot.array(whole.fingerprints, FINGERPRINT))
        self.ledger = Ledger(whole.counts, whole.duplicates)

    def _recover(self, recovered_ms: int) -> None:
        if self.rules.may_repeat:
            self.windows.recovered_ms = recovered_ms
        # The last account may have been lost with what ended the shard before.
        self._ledger_due = bool(self.ledger.counts)

    def _change(self, watermark: int) -> _Entry:
        """The entry of the change that is being made."""
        if self._entry is None:
            self._entry = _Entry(self._passed, watermark)
        return self._entry

    def _add(self, symbols: list[str], seconds: Candles) -> Places:
        """Adds candles of one second, whose symbols these are; returns those to correct."""
        codes = np.zeros(len(symbols), np.int32)
        for place in set(seconds.rows["symbol"].tolist()):
            codes[place] = self._code(symbols[place])
        seconds.rows["symbol"] = codes[seconds.rows["symbol"]]
        self.windows.add(seconds)
        return self.windows.correct(self._passed)

    def _code(self, symbol: str) -> int:
        code = self._codes.get(symbol)
        if code is None:
            code = self._codes[symbol] = len(self._symbols)
            self._symbols.append(symbol)
        return code

    def _rename(self, symbols: list[str]) -> None:
        self._symbols = symbols
        self._codes = {symbol: code for code, symbol in enumerate(symbols)}

    def _exceed(self, frame: Frame, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of the trades wanted, (n,), are of a new symbol that there is no room for."""
        free = self.rules.symbols - len(self._symbols)
        if len(frame.symbols) <= free:
            return np.zeros(wanted.size, np.bool_)
        present = np.zeros(len(frame.symbols), np.bool_)
        present[frame.trades["symbol"][wanted]] = True
        is_new = np.array([symbol not in self._codes for symbol in frame.symbols], np.bool_)
        new = np.flatnonzero(present & is_new)
        exceed = np.zeros(len(frame.symbols), np.bool_)
        exceed[new[max(free, 0) :]] = True
        found: NDArray[np.bool_] = exceed[frame.trades["symbol"]] & wanted
        return found

    def _without_duplicates(self, frame: Frame, entry: _Entry, changes: list[Change]) -> Frame:
        new = self._are_new(frame, entry)
        if new.all():
            return frame
        copies = frame.trades[~new]
        changes += ledger.by_source(copies["source"], "duplicates")
        counts = np.bincount(copies["symbol"], minlength=len(frame.symbols)).tolist()
        by_symbol = {s: n for s, n in zip(frame.symbols, counts, strict=True) if n}
        entry.duplicates = by_symbol
        self.ledger.add_duplicates(by_symbol)
        return frames.take(frame, new)

    def _are_new(self, frame: Frame, entry: _Entry) -> NDArray[np.bool_]:
        """Which trades of a frame were not seen before."""
        since = self._remembered(entry.watermark)
        is_numbered, trades = numbered.of_frame(frame)
        names = fingerprints.names_of(frame.symbols, frame.exchanges)
        new = self.numbered.add(trades, names, since)
        entry.numbered = numbered.pack(trades if new.all() else trades[new])
        if trades.size == frame.trades.size:
            return new
        prints = fingerprints.of_frame(frames.take(frame, ~is_numbered), names)
        others = self.seen.add(prints, since)
        entry.fingerprints = prints[others].tobytes()
        both = np.empty(frame.trades.size, np.bool_)
        both[is_numbered], both[~is_numbered] = new, others
        return both

    def _remembered(self, watermark: int) -> int:
        """Since when trades are remembered."""
        return watermark - self.rules.duplicates_ms

    def _count(self, entry: _Entry, changes: list[Change]) -> None:
        entry.changes += changes
        self.ledger.add(changes)
        self.changes += changes
        self._ledger_due = True

    def _account(self, now_ms: int) -> Output:
        self._ledger_due, self._ledger_at = False, now_ms
        rules = self.rules
        message = self.ledger.message(self.number, rules.shards, rules.topics, now_ms)
        return "ledger", *message

    def _candles(self, places: Places, now_ms: int) -> list[Output]:
        if not places.size:
            return []
        rows = self.windows.candles.rows[places]
        updated_at = None if self.rules.stamp_end else now_ms
        return [
            ("candles", key, value)
            for key, value in candles.messages(rows, self._symbols, updated_at)
        ]

    def _form(self, now_ms: int) -> list[Output]:
        """Publishes the forming candles that changed, unless some were just before."""
        if now_ms < self._forming_at + self.rules.forming_ms:
            return []
        formed = self._candles(self.windows.forming(self._forming), now_ms)
        if formed:
            self._forming_at = now_ms
        return formed

    def _expire(self, watermark: int) -> None:
        """Forgets what no trade can change or repeat any more."""
        if watermark >= NEVER:
            return
        self.windows.expire(watermark + 1 - self.rules.correction_ms)
        since = self._remembered(watermark)
        self.numbered.expire(since)
        self.seen.expire(since)
        held = self.windows.held
        used, codes = np.unique(held.rows["symbol"], return_inverse=True)
        full = len(self._symbols) >= self.rules.symbols
        if 2 * used.size < len(self._symbols) or (full and used.size < len(self._symbols)):
            held.rows["symbol"] = codes
            self.windows.hold(held)
            self._rename([self._symbols[code] for code in used.tolist()])


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache."""
    for module in (frames, candles, windows, numbered, fingerprints, seen):
        module.warm_up()
