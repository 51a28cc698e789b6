"""The laws of a shard, held against the oracle: whatever comes in whatever order, and whenever it
is made again from its journal."""

import base64
import dataclasses
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import oracle
from tests.udfs.journals import Journal
from tests.udfs.makers import NOW_MS, Message, each_of, frame_of, random_id, random_trades
from udfs import frames, ledger, shard, tally
from udfs.analytics import AnalyticsRules
from udfs.clock import NO_WATERMARK
from udfs.correlations import Closes
from udfs.frames import Frame
from udfs.ledger import COUNTS
from udfs.numbered import EPOCH_MS
from udfs.periods import RobustRules
from udfs.scanner import BUY
from udfs.shard import BACKLOG, Output, Rules, Shard
from udfs.shards import TALLY
from udfs.tally import Tally
from udfs.windows import NEVER

SECOND, MINUTE, DAY = 1_000, 60_000, 86_400_000
RULES = Rules(
    topics={0: "trades"},
    shards=16,
    symbols=10_000,
    correction_ms=15 * MINUTE,
    duplicates_ms=15 * MINUTE,
    quiet_ms=5 * SECOND,
    forming=("1s", "10s", "1m"),
    forming_ms=200,
    ledger_ms=5 * SECOND,
    open_orders=1_000,
    order_ttl_ms=3_600_000,
    book_ms=200,
)
seeds = st.integers(0, 2**32 - 1)


def candles_of(outputs: Iterable[Message]) -> list[dict[str, Any]]:
    return [json.loads(value) for name, _, value in outputs if name == "candles"]


def newest(candles: Iterable[dict[str, Any]]) -> dict[tuple[str, str, int], dict[str, Any]]:
    """The last of each key, which must never go back from final or to an older revision."""
    found: dict[tuple[str, str, int], dict[str, Any]] = {}
    for candle in candles:
        key = candle["symbol"], candle["interval"], candle["start"]
        before = found.get(key)
        if before is not None:
            assert (candle["final"], candle["revision"]) >= (before["final"], before["revision"])
            assert not before["final"] or candle["revision"] == before["revision"] + 1
        found[key] = candle
    return found


def expected(frame: Frame) -> dict[tuple[str, str, int], dict[str, Any]]:
    ids = frames.trade_ids(frame)
    trades = [
        oracle.Trade(
            frame.symbols[trade["symbol"]],
            float(trade["price"]),
            float(trade["quantity"]),
            int(trade["timestamp"]),
            "buy" if trade["side"] == BUY else "sell",
            ids[place] or "",
        )
        for place, trade in enumerate(frame.trades)
    ]
    return {key: candle._asdict() for key, candle in oracle.candles(trades).items()}


def values(candle: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in candle.items() if k not in ("final", "revision", "updated_at")}


def some_trades(seed: int, n: int, span_ms: int) -> Frame:
    """Trades of a few symbols, in no order, no two of them copies of each other."""
    rng = np.random.default_rng(seed)
    ids = [each and each[:50] + b"%03d" % i for i, each in enumerate(map(random_id, [rng] * n))]
    return frame_of(random_trades(rng, n, span_ms=span_ms), ids, 5)


def parts_of(frame: Frame, cuts: list[int]) -> list[Frame]:
    places = np.split(np.arange(frame.trades.size), sorted(cuts))
    return [frames.take(frame, np.isin(np.arange(frame.trades.size), part)) for part in places]


@contextmanager
def small_journals(wanted: bool) -> Iterator[None]:
    """Each change is followed by a snapshot of all, if that is wanted."""
    with pytest.MonkeyPatch.context() as patch:
        if wanted:
            patch.setattr(shard, "LEAST_JOURNAL", 0)
            patch.setattr(shard, "JOURNAL_TO_SNAPSHOT", 0)
        yield


class Run:
    """A shard, what it published, and its journal."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.shard = Shard(0, rules)
        self.outputs: list[Message] = []
        self._journal = Journal()

    def take(self, frame: Frame, watermark: int, now_ms: int = 0) -> None:
        self._note(self.shard.take(frames.pack(frame), watermark, now_ms))

    def tick(self, watermark: int, now_ms: int = 0) -> None:
        self._note(self.shard.tick(watermark, now_ms))

    def checkpoint(self) -> list[bytes]:
        """The journal, with what changed since the last time."""
        self._journal.write(self.shard.journal())
        return list(self._journal)

    def go_back(self, journal: list[bytes], now_ms: int = 0) -> None:
        self._journal = Journal(journal)
        self.shard = Shard.restored(0, self.shard.rules, journal, now_ms)

    def restore(self, now_ms: int = 0) -> None:
        self.go_back(self.checkpoint(), now_ms)

    @property
    def candles(self) -> list[dict[str, Any]]:
        return candles_of(self.outputs)

    def _note(self, outputs: list[Output]) -> None:
        self.outputs += each_of(outputs)


steps = st.lists(st.tuples(st.integers(0, 200), st.integers(-1_000, 600_000)), max_size=6)
"""Where the trades are cut, and how far the watermark is behind the last of them, or ahead."""


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 200), st.sampled_from([900, 20_000, 800_000]), steps, st.data())
def test_the_newest_candles_are_those_of_all_trades(
    seed: int, n: int, span_ms: int, steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    frame = some_trades(seed, n, span_ms)
    run = Run()
    watermark = NOW_MS - MINUTE
    for part, (_, ahead) in zip(
        parts_of(frame, [cut for cut, _ in steps]), [*steps, (0, 0)], strict=True
    ):
        watermark = max(watermark, min(NOW_MS + ahead, NOW_MS + 14 * MINUTE))
        run.take(part, watermark, watermark - NOW_MS + MINUTE)
        if data.draw(st.booleans()):
            run.restore()
    run.tick(int(NEVER))
    found = newest(run.candles)
    assert all(candle["final"] for candle in found.values())
    assert {key: values(candle) for key, candle in found.items()} == expected(frame)
    assert run.shard.ledger.counts[0] == [0, 0, n, 0, 0, 0, 0, 0]


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(2, 200), st.lists(st.integers(0, 200), max_size=4), st.data())
def test_copies_count_once_wherever_they_come(
    seed: int, n: int, cuts: list[int], data: st.DataObject
) -> None:
    frame = some_trades(seed, n, 20_000)
    run = Run()
    copies = 0
    for part in parts_of(frame, cuts):
        run.take(part, NOW_MS)
        if data.draw(st.booleans()):
            run.restore()
        again = data.draw(st.integers(0, part.trades.size))
        copies += again
        run.take(frames.take(part, np.arange(part.trades.size) < again), NOW_MS + SECOND)
    run.tick(int(NEVER))
    assert {k: values(v) for k, v in newest(run.candles).items()} == expected(frame)
    assert run.shard.ledger.counts[0] == [0, 0, n, copies, 0, 0, 0, 0]
    assert sum(run.shard.ledger.duplicates.values()) == copies


@settings(max_examples=40, deadline=None)
@given(seeds, st.lists(st.integers(1, 150), min_size=1, max_size=8), st.integers(0, 3))
def test_a_shard_made_from_its_journal_goes_on_as_if_nothing_was(
    seed: int, sizes: list[int], restored_after: int
) -> None:
    """What waits to be corrected waits on, and has the revision that it would have had."""
    runs = Run(), Run()
    for number, size in enumerate(sizes):
        watermark = NOW_MS + number * 4 * SECOND
        # Of two at a time the first corrects, and what is late in the second waits: as long as half
        # of what event time runs.
        now = (1 + number // 2) * 4 * RULES.revision_ms
        for run in runs:
            run.take(some_trades(seed + number, size, 30_000), watermark, now)
        if number == 2 * restored_after + 1:
            runs[1].restore()
    for run in runs:
        run.tick(int(NEVER), 10_000)
    plain, restored = (newest(run.candles) for run in runs)
    for key, candle in plain.items():
        assert values(restored[key]) == values(candle)
        assert restored[key]["revision"] == candle["revision"]
    assert runs[0].shard.ledger.counts == runs[1].shard.ledger.counts


@settings(max_examples=40, deadline=None)
@given(seeds, st.lists(st.integers(0, 40), min_size=4, max_size=12), st.data())
def test_the_highest_revision_is_right_however_often_the_state_goes_back(
    seed: int, sizes: list[int], data: st.DataObject
) -> None:
    """Checkpoints now and then; after a crash what came since is read again, cut otherwise."""
    frame = some_trades(seed, sum(sizes), 100_000)
    watermarks = [NOW_MS + data.draw(st.integers(0, 100_000)) for _ in sizes]
    run, now, done, checkpoint = Run(), NOW_MS + 200_000, 0, (0, list[bytes]())
    places = np.arange(frame.trades.size)
    for size, watermark in zip(sizes, watermarks, strict=True):
        now += 100
        taken = (places >= done) & (places < done + size)
        run.take(frames.take(frame, taken), watermark, now)
        done += size
        if data.draw(st.booleans()):
            checkpoint = done, run.checkpoint()
        elif data.draw(st.booleans()):
            done = checkpoint[0]
            run.go_back(checkpoint[1], now + 1)
    run.take(frames.take(frame, places >= done), NOW_MS + 100_000, now + 200)
    run.tick(int(NEVER), now + 300)
    highest: dict[tuple[str, str, int], dict[str, Any]] = {}
    for candle in run.candles:
        key = candle["symbol"], candle["interval"], candle["start"]
        rank = candle["final"], candle["revision"]
        if key not in highest or rank >= (highest[key]["final"], highest[key]["revision"]):
            highest[key] = candle
    assert {key: values(candle) for key, candle in highest.items()} == expected(frame)


def one_trade(timestamp: int, trade_id: str = "") -> Frame:
    trades = random_trades(np.random.default_rng(1), 1, symbols=1, span_ms=1)
    trades["timestamp"] = timestamp
    return frame_of(trades, [trade_id.encode()], 1)


START = NOW_MS // DAY * DAY
NO_ANALYTICS = AnalyticsRules(intervals=(), robust=RobustRules(intervals=()))


def test_a_late_trade_corrects_what_is_closed_and_forms_what_is_open() -> None:
    run = Run()
    run.take(one_trade(START, "1"), START)
    run.tick(START + 70 * SECOND)
    run.outputs.clear()
    run.take(one_trade(START + 1, "2"), START + 70 * SECOND, 1_000)
    corrected = {c["interval"]: (c["final"], c["revision"], c["trades"]) for c in run.candles}
    assert corrected == dict.fromkeys(("1s", "10s", "1m"), (True, 1, 2))
    run.take(one_trade(START + 5_000, "3"), START + 70 * SECOND, 2_000)
    corrected = {c["interval"]: (c["final"], c["revision"], c["trades"]) for c in run.candles}
    # The second had no trade before: its first candle is a correction of none.
    assert corrected == {"1s": (True, 1, 1), "10s": (True, 2, 3), "1m": (True, 2, 3)}


@pytest.mark.parametrize("analytics", [AnalyticsRules(), NO_ANALYTICS])
@pytest.mark.parametrize("from_snapshot", [False, True])
def test_a_candle_has_one_revision_for_what_is_late_in_a_while(
    analytics: AnalyticsRules, from_snapshot: bool
) -> None:
    with small_journals(from_snapshot):
        _prove_one_revision(analytics)


def _prove_one_revision(analytics: AnalyticsRules) -> None:
    run = Run(dataclasses.replace(RULES, ledger_ms=DAY, analytics=analytics))
    run.take(one_trade(START, "0"), START)
    run.tick(START + 70 * SECOND)

    def corrected(now_ms: int, *trade_ids: str) -> set[tuple[int, int]]:
        """Of the candles that come with these trades: revision, and trades."""
        run.outputs.clear()
        for trade_id in trade_ids:
            run.take(one_trade(START, trade_id), START + 70 * SECOND, now_ms)
        run.tick(START + 70 * SECOND, now_ms)
        return {(each["revision"], each["trades"]) for each in run.candles if each["final"]}

    assert corrected(5_000, "1") == {(1, 2)}
    assert corrected(5_001, "2", "3") == corrected(5_999) == set()
    assert run.shard.due(5_001)[1] == 5_000 + RULES.revision_ms
    run.restore()
    assert run.shard.due(5_999)[1] == 6_000
    assert corrected(6_000) == {(2, 4)}
    assert run.shard.due(6_000)[1] != 7_000
    assert corrected(6_001, "4") == set()
    # At the end nothing waits.
    run.tick(int(NEVER), 6_002)
    assert {(each["revision"], each["trades"]) for each in run.candles} == {(3, 5), (0, 5)}


@pytest.mark.parametrize(
    ("ran_ms", "wait_ms"),
    [
        (0, SECOND),
        (2 * SECOND, SECOND),
        (6 * SECOND, 3 * SECOND),
        (MINUTE, BACKLOG * SECOND),
        (RULES.correction_ms // 2 - 1, BACKLOG * SECOND),
        (RULES.correction_ms // 2, SECOND),
    ],
)
def test_corrections_wait_longer_while_event_time_runs_away_from_the_clock(
    ran_ms: int, wait_ms: int
) -> None:
    run = Run(dataclasses.replace(RULES, ledger_ms=DAY, quiet_ms=0))
    run.take(one_trade(START, "0"), START)
    first = START + 70 * SECOND
    run.tick(first, DAY)
    run.take(one_trade(START, "1"), first, DAY)
    run.outputs.clear()
    run.take(one_trade(START, "2"), first + ran_ms, DAY)
    due = DAY + wait_ms
    assert run.shard.due(DAY + SECOND // 2)[1] == due
    run.tick(first + ran_ms, due - 1)
    assert not [each for each in run.candles if each["revision"]]
    run.tick(first + ran_ms, due)
    seconds = [each for each in run.candles if each["interval"] == "1s"]
    assert [(each["revision"], each["trades"]) for each in seconds] == [(2, 3)]


def closes_sent(run: Run) -> list[tuple[list[int], list[int]]]:
    """What the correlations get: the ends of minutes, and their trades; the outputs are cleared."""
    sent = [msgspec.msgpack.decode(closes, type=Closes) for name, _, closes in run.outputs
            if name == "closes"]  # fmt: skip
    run.outputs.clear()
    columns = [(each.ends, each.trades) for each in sent]
    return [tuple(np.frombuffer(each, np.int64).tolist() for each in both) for both in columns]


@pytest.mark.parametrize("restores", [False, True])
@pytest.mark.parametrize("from_snapshot", [False, True])
def test_a_corrected_minute_is_sent_to_the_correlations_before_the_next_one(
    restores: bool, from_snapshot: bool
) -> None:
    with small_journals(from_snapshot):
        run = Run(dataclasses.replace(RULES, sends_closes=True, quiet_ms=0))
        run.take(one_trade(START, "1"), START)
        run.tick(START + MINUTE, SECOND)
        assert closes_sent(run) == [([START + MINUTE], [1])]
        run.take(one_trade(START + 1, "2"), START + MINUTE, SECOND)
        run.take(one_trade(START + 2, "3"), START + MINUTE, 10 * SECOND)
        assert max(each["revision"] for each in run.candles) == 2
        run.take(one_trade(START + MINUTE, "4"), START + MINUTE, 10 * SECOND)
        # However often it was corrected it is sent once.
        assert closes_sent(run) == []
        if restores:
            run.restore()
        run.tick(START + 2 * MINUTE, 10 * SECOND)
        assert closes_sent(run) == [([START + MINUTE], [3]), ([START + 2 * MINUTE], [1])]
        # So is what waits to be corrected.
        run.take(one_trade(START + 3, "5"), START + 2 * MINUTE, 20 * SECOND)
        run.tick(START + 3 * MINUTE, 20 * SECOND)
        assert closes_sent(run) == [([START + MINUTE], [4])]
        run.take(one_trade(START + 4, "6"), START + 3 * MINUTE, 20 * SECOND)
        if restores:
            run.restore()
        run.tick(START + 4 * MINUTE, 20 * SECOND)
        assert closes_sent(run) == [([START + MINUTE], [5])]


def test_a_shard_wakes_to_send_the_minutes_that_were_corrected() -> None:
    run = Run(dataclasses.replace(RULES, sends_closes=True, quiet_ms=0))
    run.take(one_trade(START, "1"), START)
    # The next window that is open ends much later.
    passed = START + 17 * MINUTE
    run.tick(passed, SECOND)
    later, _ = run.shard.due(SECOND)
    assert later > passed + MINUTE
    run.take(one_trade(START + 5 * MINUTE, "2"), passed, SECOND)
    run.outputs.clear()
    assert run.shard.due(SECOND)[0] == passed + MINUTE - 1
    run.tick(passed + MINUTE - 1, SECOND)
    assert closes_sent(run) == [([START + 6 * MINUTE], [1])]
    assert run.shard.due(SECOND)[0] == later


def test_a_corrected_minute_is_sent_before_it_is_forgotten() -> None:
    rules = dataclasses.replace(RULES, sends_closes=True, quiet_ms=0, correction_ms=90 * SECOND)
    run = Run(rules)
    run.take(one_trade(START, "1"), START)
    run.tick(START + MINUTE, SECOND)
    for now, trade_id in enumerate("23", 2 * SECOND):
        run.take(one_trade(START + 50 * SECOND, trade_id), START + 119 * SECOND, now)
    run.tick(START + 2 * MINUTE, 2_500)
    run.take(one_trade(START + 59 * SECOND, "4"), START + 121 * SECOND, 2_500)
    run.outputs.clear()
    # Its horizon passes within a minute; it is forgotten once it was told.
    for _ in range(2):
        run.tick(START + 151 * SECOND, 20 * SECOND)
    assert closes_sent(run) == [([START + MINUTE], [4])]
    run.tick(START + 3 * MINUTE, 20 * SECOND)
    assert closes_sent(run) == []


@pytest.mark.parametrize(
    ("behind_ms", "is_late"), [(RULES.correction_ms - 1, False), (RULES.correction_ms, True)]
)
def test_a_trade_is_too_late_once_its_second_is_past_the_horizon(
    behind_ms: int, is_late: bool
) -> None:
    run = Run()
    watermark = START + 999 + behind_ms
    run.take(one_trade(START, "x" * 20), watermark, SECOND)
    late = [json.loads(value) for name, _, value in run.outputs if name == "late_trades"]
    assert bool(late) == is_late == (not run.candles)
    assert run.shard.ledger.counts[0] == [0, 0, int(not is_late), 0, int(is_late), 0, 0, 0]
    if is_late:
        assert late[0]["trade_id"] == "x" * 20
        assert late[0]["lateness"] == watermark - START


@pytest.mark.parametrize("trade_id", [b"7", b"seven", b"x" * 20])
def test_what_is_too_late_is_no_copy_and_what_comes_after_it_is_none_of_it(trade_id: bytes) -> None:
    trades = random_trades(np.random.default_rng(1), 4, 1)
    trades["timestamp"] = START, START + DAY, START, START + DAY
    run = Run()
    run.take(frame_of(trades, [trade_id] * 4, 1), START + DAY)
    counts = dict(zip(COUNTS, run.shard.ledger.counts[0], strict=True))
    assert (counts["candles"], counts["late"], counts["duplicates"]) == (1, 2, 1)
    assert len([name for name, *_ in run.outputs if name == "late_trades"]) == 2
    run.tick(int(NEVER))
    assert {candle["trades"] for candle in newest(run.candles).values()} == {1}


def test_a_checkpoint_writes_what_is_less() -> None:
    """Entries, or all of the state: however many changes there were, and however large it is."""
    run = Run()
    for number in range(2_000):
        run.take(some_trades(number, 50, 20_000), NOW_MS)
    (state,), replaces = run.shard.journal()
    assert replaces
    for changes in (20, 40, 20):
        for number in range(changes):
            run.take(some_trades(number, 1, 1_000), NOW_MS)
        entries, replaces = run.shard.journal()
        assert not replaces
        assert len(entries) == changes
        assert sum(map(len, entries)) < len(state) / 10
    assert run.shard.journal() == ([], False)
    for number in range(2_000):
        run.take(some_trades(number, 50, 20_000), NOW_MS)
    entries, replaces = run.shard.journal()
    assert replaces
    assert len(entries) == 1


@pytest.mark.parametrize("entries", [1, 3_000], ids=["from its entries", "from a snapshot"])
def test_what_was_late_before_a_recovery_is_late_after_it(entries: int) -> None:
    run = Run()
    for number in range(entries):
        run.take(one_trade(START + number * SECOND, str(number)), START + DAY // 2)
    run.take(one_trade(START + DAY // 2, "x"), START + DAY // 2)
    run.restore()
    run.outputs.clear()
    # Flink's own watermark begins anew.
    run.take(one_trade(START, "y"), -(2**63))
    assert [name for name, *_ in run.outputs if name != "ledger"] == ["late_trades"]


def test_copies_are_forgotten_after_their_time_and_no_earlier() -> None:
    rules = dataclasses.replace(RULES, correction_ms=DAY)
    for passed, copies in ((RULES.duplicates_ms - 1, 1), (RULES.duplicates_ms + EPOCH_MS, 0)):
        run = Run(rules)
        run.take(one_trade(START, "1"), START - 1)
        run.tick(START + passed)
        run.restore()
        run.take(one_trade(START, "1"), START + passed)
        assert run.shard.ledger.counts[0] == [0, 0, 2 - copies, copies, 0, 0, 0, 0]


def test_the_last_windows_close_when_all_is_quiet() -> None:
    run = Run()
    run.take(one_trade(START, "1"), START - 2_000, 100_000)
    event_time, clock = run.shard.due(100_000)
    assert event_time == START + 999
    assert clock is not None
    run.tick(START - 2_000, 100_000 + 4_999)
    assert not [c for c in run.candles if c["final"]]
    run.tick(START - 2_000, 100_000 + 5_000)
    assert [(c["interval"], c["revision"]) for c in run.candles if c["final"]] == [("1s", 0)]
    # Its ten seconds are over ten seconds after it began, by the clock.
    _, clock = run.shard.due(105_000)
    assert clock == 100_000 + 12_000
    run.tick(START - 2_000, 112_000)
    assert [c["interval"] for c in run.candles if c["final"]] == ["1s", "10s"]


def test_it_is_not_quiet_while_something_comes_though_the_watermark_stands() -> None:
    run = Run()
    run.take(one_trade(START, "1"), START - 2_000, 100_000)
    for now in range(100_000, 160_000, 4_000):  # of a backlog, say
        run.shard.hear(now)
        run.tick(START - 2_000, now)
    assert not [c for c in run.candles if c["final"]]
    _, clock = run.shard.due(156_000)
    assert clock == 156_000 + 5_000
    run.tick(START - 2_000, 161_000)
    assert [c["interval"] for c in run.candles if c["final"]] == ["1s"]


def test_the_last_windows_close_though_the_first_watermark_came_after_the_last_trade() -> None:
    run = Run()
    run.take(one_trade(START, "1"), NO_WATERMARK, 100_000)
    now = 100_000
    while now < 130_000:
        _, due = run.shard.due(now)
        assert due is not None
        now = due
        run.tick(START - 2_000 if now > 101_000 else NO_WATERMARK, now)
    assert [c["interval"] for c in run.candles if c["final"]][:2] == ["1s", "10s"]


def test_a_trade_after_a_quiet_time_is_counted_however_long_that_was() -> None:
    run = Run()
    run.take(one_trade(START, "1"), START - 2_000, 0)
    run.tick(START - 2_000, 2 * 3_600_000)
    run.take(one_trade(START + 1, "2"), START - 2_000, 2 * 3_600_000)
    found = newest(run.candles)
    assert {(c["interval"], c["trades"]) for c in found.values() if c["final"]} == {
        (interval, 2) for interval in ("1s", "10s", "1m", "5m", "15m", "1h")
    }
    assert run.shard.ledger.counts[0] == [0, 0, 2, 0, 0, 0, 0, 0]


def test_without_a_quiet_time_nothing_but_the_watermark_closes_windows() -> None:
    run = Run(dataclasses.replace(RULES, quiet_ms=0))
    run.take(one_trade(START, "1"), START - 2_000, 0)
    run.tick(START - 2_000, DAY)
    assert not [c for c in run.candles if c["final"]]


def test_forming_candles_come_at_a_steady_rate_with_the_newest_values() -> None:
    run = Run()
    times = range(10_000, 12_000, 10)
    for number, now_ms in enumerate(times):
        run.take(one_trade(START + number, str(number)), START, now_ms)
        _, due = run.shard.due(now_ms)
        assert due is not None
        assert due <= now_ms + RULES.forming_ms
    run.tick(START, 12_200)
    seconds = [c["trades"] for c in run.candles if c["interval"] == "1s"]
    assert len(seconds) == 2_000 // RULES.forming_ms + 1
    assert seconds[-1] == len(times)
    assert {c["interval"] for c in run.candles} == set(RULES.forming)


def test_without_forming_intervals_no_candle_of_any_is_published_before_it_is_final() -> None:
    run = Run(dataclasses.replace(RULES, forming=()))
    for second in range(0, 4_000, 20):
        now = START + second * SECOND
        run.take(one_trade(now, str(second)), now - SECOND, second * SECOND)
    assert {c["interval"] for c in run.candles} >= {"1s", "1m", "1h"}
    run.tick(int(NEVER))
    assert len(newest(run.candles)) == len(run.candles)
    assert all(c["final"] and c["revision"] == 0 for c in run.candles)


def test_candles_that_are_stamped_with_their_end_do_not_know_the_clock() -> None:
    rules = dataclasses.replace(RULES, stamp_end=True)
    for now_ms in (0, 123_456):
        run = Run(rules)
        run.take(one_trade(START, "1"), START, now_ms)
        run.tick(int(NEVER), now_ms + 1)
        assert {c["interval"] for c in run.candles if c["final"]} == set(oracle.INTERVALS)
        assert all(c["updated_at"] == c["end"] for c in run.candles)


@pytest.mark.parametrize(
    ("symbols", "names_change", "minutes"),
    [
        pytest.param(50, True, 20, id="other symbols every hour"),
        pytest.param(625, False, 60, id="a shard of 16 of 10,000 symbols"),
    ],
)
def test_the_state_of_a_week_does_not_grow(symbols: int, names_change: bool, minutes: int) -> None:
    run = Run(dataclasses.replace(RULES, analytics=AnalyticsRules(ttl_ms=DAY)))
    rng = np.random.default_rng(5)
    sizes = []
    count = 2 * symbols
    for step in range(7 * 24 * 60 // minutes):
        now = START + step * minutes * MINUTE
        trades = random_trades(rng, count, symbols=symbols, span_ms=5 * MINUTE)
        trades["timestamp"] += now - NOW_MS
        ids = [b"%d" % (step * count + i) if i % 2 else b"" for i in range(count)]
        # What ended must be forgotten, names too.
        names = [f"S{step * minutes // 60 if names_change else 0}-{i}" for i in range(symbols)]
        frame = dataclasses.replace(frame_of(trades, ids, symbols), symbols=names)
        run.take(frame, now - MINUTE, step)
        run.outputs.clear()  # a week of them is gigabytes
        if step * minutes % 60 == 0:
            held = sum(map(len, run.checkpoint()))
            seen = len(run.shard.seen) + len(run.shard.numbered)
            sizes.append((len(run.shard.windows), seen, len(run.shard._symbols), held))
    # A day's symbols are kept for their candles of the day.
    first, rest = sizes[: 3 * 24], sizes[3 * 24 :]
    for column in range(4):
        assert max(s[column] for s in rest) <= 1.5 * max(s[column] for s in first)


FEW = dataclasses.replace(RULES, symbols=3)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 200), steps, st.data())
def test_trades_of_too_many_symbols_are_letters_and_all_others_count(
    seed: int, n: int, steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    frame = some_trades(seed, n, 20_000)
    frame.trades["offset"] = np.arange(n) // 7
    run = Run(FEW)
    for part in parts_of(frame, [cut // 7 * 7 for cut, _ in steps]):
        run.take(part, NOW_MS - MINUTE)
        if data.draw(st.booleans()):
            run.restore()
    letters = [json.loads(value) for name, _, value in run.outputs if name == "dead_letters"]
    assert {letter["reason"] for letter in letters} <= {"too_many_symbols"}
    places = {(letter["offset"], letter["index"]) for letter in letters}
    assert len(places) == len(letters)
    run.tick(int(NEVER))
    found = newest(run.candles)
    taken = {symbol for symbol, _, _ in found}
    rejected = [json.loads(base64.b64decode(letter["payload"])) for letter in letters]
    assert len(taken) == min(3, len(set(frame.trades["symbol"].tolist())))
    assert taken | {trade["symbol"] for trade in rejected} == {
        frame.symbols[code] for code in frame.trades["symbol"]
    }
    of_taken = np.array([frame.symbols[code] in taken for code in frame.trades["symbol"]])
    assert sum(~of_taken) == len(letters)
    assert {k: values(c) for k, c in found.items()} == expected(frames.take(frame, of_taken))
    counts = np.sum(list(run.shard.ledger.counts.values()), axis=0)
    assert counts[COUNTS.index("candles")] == n - len(letters)
    assert counts[COUNTS.index("rejected")] == len(letters)


def test_the_same_letter_has_the_same_place_wherever_frames_are_cut() -> None:
    frame = some_trades(7, 100, 1_000)
    frame.trades["offset"] = np.arange(100) // 20
    found = set()
    for cuts in ([], [20], [40, 60]):
        run = Run(dataclasses.replace(RULES, symbols=1))
        for part in parts_of(frame, cuts):
            run.take(part, NOW_MS - MINUTE, 5)
        found.add(tuple(value for name, _, value in run.outputs if name == "dead_letters"))
    assert len(found) == 1
    assert len(next(iter(found))) > 1


def test_a_symbol_makes_room_for_another_when_its_day_is_over() -> None:
    run = Run(dataclasses.replace(RULES, symbols=1))

    def rejected(symbol: str, at: int) -> int:
        run.outputs.clear()
        frame = dataclasses.replace(one_trade(at), symbols=[symbol])
        run.take(frame, at - 1)
        return sum(name == "dead_letters" for name, _, _ in run.outputs)

    assert not rejected("A", START)
    assert rejected("B", START + MINUTE)
    assert not rejected("A", START + 2 * MINUTE)
    run.tick(START + DAY + 16 * MINUTE)
    assert not rejected("B", START + DAY + 17 * MINUTE)
    assert rejected("A", START + DAY + 18 * MINUTE)


def test_duplicates_of_more_symbols_than_are_counted_are_counted_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger, "MOST_COUNTED", 2)
    counts = ledger.Ledger()
    counts.add_duplicates({"A": 1, "B": 2, "C": 3})
    counts.add_duplicates({"B": 4, "D": 5})
    assert counts.duplicates == {"A": 1, "B": 6, ledger.OTHERS: 8}


def test_a_tally_is_an_account_of_its_own() -> None:
    shard = Shard(TALLY, RULES)
    sources = np.array([3, 3, 4], np.int32)
    changes = ledger.of_batch(
        sources,
        [("trades", np.array([3, 3, 3, 4], np.int32)), ("rejected", np.array([4], np.int32))],
    )
    piece = tally.pack(Tally(changes))
    assert not [o for o in each_of(shard.take(piece, 0, 10_000)) if o[0] != "ledger"]
    assert shard.ledger.counts == {3: [2, 3, 0, 0, 0, 0, 0, 0], 4: [1, 2, 0, 0, 0, 1, 0, 0]}
    (output,) = each_of(shard.tick(0, 20_000))
    assert output[:2] == ("ledger", str(TALLY).encode())
    account = json.loads(output[2])
    assert account["sources"][1] == {
        "topic": "trades", "partition": 4, "messages": 1, "records": 2,
        "candles": 0, "duplicates": 0, "late": 0, "rejected": 1, "orders": 0, "session": 0,
    }  # fmt: skip
    assert tuple(account["sources"][0])[2:] == COUNTS
