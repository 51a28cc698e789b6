"""The laws of a handover: with other shards it goes on as if they had always been these."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.udfs.journals import Journal
from tests.udfs.makers import NOW_MS, Message, each_of, frame_of, random_id, random_trades
from tests.udfs.test_analytics import ANALYTICS, shuffled
from tests.udfs.test_shard import (
    MINUTE,
    RULES,
    SECOND,
    START,
    candles_of,
    expected,
    newest,
    one_trade,
    parts_of,
    small_journals,
    values,
)
from udfs import frames, handover, ledger, outages, snapshot, tally
from udfs.frames import Frame
from udfs.handover import Heir
from udfs.ledger import COUNTS
from udfs.periods import ModelRules
from udfs.shard import HANDED_OVER, Rules, Shard, StateError
from udfs.shards import TALLY, shard_of
from udfs.tally import Tally
from udfs.windows import NEVER

counts = st.integers(1, 9)
SILENCE_MS = 500


def trades_of_all_kinds(seed: int, n: int, span_ms: int) -> Frame:
    """As ``some_trades``, but many ids are numbers."""
    rng = np.random.default_rng(seed)
    ids = [b"%d" % i if i % 2 else random_id(rng)[:50] + b"%03d" % i for i in range(n)]
    return frame_of(random_trades(rng, n, span_ms=span_ms), ids, 5)


class Shards:
    """All shards of a job, their journals, and what they published."""

    def __init__(
        self,
        shards: int,
        before: int = 0,
        journals: dict[int, Journal] | None = None,
        rules: Rules = RULES,
    ) -> None:
        self.rules = dataclasses.replace(rules, shards=shards, shards_before=before)
        self.journals = journals or {}
        self.all: dict[int, Shard | Heir] = {}
        self.outputs: list[Message] = []
        for number in [*range(shards), TALLY]:
            self.journals.setdefault(number, Journal())
            self._make(number)

    def restore(self, number: int) -> None:
        self.journals[number].write(self.all[number].journal())
        self._make(number)

    def _make(self, number: int) -> None:
        self.all[number] = handover.restored(number, self.rules, self.journals[number], 0)

    def piece(self, number: int, piece: bytes, watermark: int, now_ms: int = 0) -> None:
        each = self.all[number]
        self.outputs += each_of(each.take(piece, watermark, now_ms))
        if isinstance(each, Heir) and each.shard is not None:
            self.all[number] = each.shard

    def frame(self, frame: Frame, watermark: int) -> None:
        """A batch: to each shard its trades, and what was read to the account of that."""
        shards = self.rules.shards
        of_symbol = np.array([shard_of(symbol, shards) for symbol in frame.symbols])
        of_trade = of_symbol[frame.trades["symbol"]]
        for number in np.unique(of_trade).tolist():
            part = dataclasses.replace(frames.take(frame, of_trade == number), shard=number)
            self.piece(number, frames.pack(part), watermark)
        sources, times = frame.trades["source"], frame.trades["timestamp"]
        changes = ledger.of_batch(np.zeros(0, np.int32), [("trades", sources)])
        runs = outages.runs(sources, times, SILENCE_MS)
        self.piece(TALLY, tally.pack(Tally(changes, runs)), watermark)

    def parts(self, shards: int) -> list[tuple[int, bytes]]:
        """What all of them hand over to so many, made from their journals."""
        found: list[tuple[int, bytes]] = []
        for number, journal in self.journals.items():
            journal.write(self.all[number].journal())
            found += handover.parts(number, self.rules, journal, shards)
            journal[:] = [HANDED_OVER]
        return found

    def handed_over(self, shards: int, watermark: int) -> "Shards":
        """So many others, which go on from these."""
        new = Shards(shards, self.rules.shards, rules=self.rules)
        new.outputs = self.outputs
        for heir, piece in self.parts(shards):
            new.piece(heir, piece, watermark)
        return new

    def end(self) -> None:
        for each in self.all.values():
            self.outputs += each_of(each.tick(int(NEVER), 100_000))

    @property
    def total(self) -> dict[str, int]:
        """What the newest accounts of all shards that ever were add up to."""
        newest = {key: value for name, key, value in self.outputs if name == "ledger"}
        sources = [s for value in newest.values() for s in json.loads(value)["sources"]]
        return {name: sum(source[name] for source in sources) for name in COUNTS}


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 150),
    counts,
    counts,
    st.lists(st.tuples(st.integers(0, 150), st.integers(-MINUTE, 10 * MINUTE)), max_size=5),
    st.data(),
)
def test_candles_duplicates_and_the_ledger_go_on_with_other_shards(
    seed: int, n: int, before: int, after: int, steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    frame = trades_of_all_kinds(seed, n, data.draw(st.sampled_from([900, 20_000, 800_000])))
    parts = parts_of(frame, [cut for cut, _ in steps])
    watermarks = [NOW_MS - MINUTE]
    for _, ahead in steps:
        watermarks.append(max(watermarks[-1], NOW_MS + ahead))
    change = data.draw(st.integers(0, len(parts)))
    old = Shards(before)
    for part, watermark in zip(parts[:change], watermarks, strict=False):
        old.frame(part, watermark)

    new = Shards(after, before)
    new.outputs = old.outputs
    # The parts of the state come among frames, some of which are of trades there were already.
    first = data.draw(st.integers(0, len(parts) - change))
    flow: list[tuple[int, bytes] | tuple[Frame, int]] = [
        *zip(parts[change:][:first], watermarks[change:], strict=False),
        *((part, watermarks[0]) for part in parts[:change]),
        *old.parts(after),
    ]
    for place in data.draw(st.permutations(range(len(flow)))):
        what, piece = flow[place]
        if isinstance(what, int) and isinstance(piece, bytes):
            new.piece(what, piece, watermarks[0])
        elif isinstance(what, Frame) and isinstance(piece, int):
            new.frame(what, piece)
        if data.draw(st.integers(0, 5)) == 0:
            for number in new.all:
                new.restore(number)
    assert not any(isinstance(each, Heir) for each in new.all.values())
    for part, watermark in zip(parts[change:][first:], watermarks[change:][first:], strict=False):
        new.frame(part, watermark)
    new.end()

    found = newest(candles_of(new.outputs))
    assert all(candle["final"] for candle in found.values())
    assert {key: values(candle) for key, candle in found.items()} == expected(frame)
    copies = sum(part.trades.size for part in parts[:change])
    assert new.total == {
        "messages": 0,
        "records": n + copies,
        "candles": n,
        "duplicates": copies,
        "late": 0,
        "rejected": 0,
        "orders": 0,
        "session": 0,
    }


@given(st.integers(0, 2**32 - 1), counts)
def test_what_is_dealt_out_is_what_there_was(seed: int, shards: int) -> None:
    shard = Shard(0, RULES)
    frame = trades_of_all_kinds(seed, 100, 20_000)
    shard.take(frames.pack(frame), NOW_MS - MINUTE, 0)
    whole = shard.snapshot()
    parts = dict(snapshot.split(whole, shards))
    assert sorted(parts) == list(range(shards))
    for number, part in parts.items():
        assert {shard_of(symbol, shards) for symbol in part.symbols} <= {number}
    back = Shard.of_snapshot(0, RULES, snapshot.merged(0, parts.values()), 0)
    assert len(back.windows) == len(shard.windows)
    for mine, other in ((back.seen, shard.seen), (back.numbered, shard.numbered)):
        assert sorted(mine.held.tolist()) == sorted(other.held.tolist())
    assert back.ledger.counts == shard.ledger.counts


def analytics_of(outputs: list[Message]) -> dict[tuple[Any, ...], Any]:
    """The newest message of each kind about each thing."""
    found: dict[tuple[Any, ...], Any] = {}
    key: tuple[Any, ...]
    for name, _, value in outputs:
        each = json.loads(value)
        if name in ("indicators", "sliding"):
            key = each["symbol"], each.get("interval", each.get("window")), each["start"]
        elif name == "anomalies":
            key = (
                *(each["symbol"], each["kind"], each["interval"]),
                *(each["timestamp"], each["value"]),
            )
        elif name == "quality":
            time = each["timestamp"] * (each["kind"] != "totals")
            key = each["symbol"], each["kind"], time, each.get("partition")
        else:
            continue
        each.pop("updated_at")
        found[name, *key] = each
    return found


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    counts,
    counts,
    st.sampled_from([0, 20 * SECOND]),
    st.lists(st.integers(0, 200), max_size=6),
    st.booleans(),
)
# One of the shards before has not heard how far event time has passed.
@example(0, 3, 1, 20 * SECOND, [136, 137, 138], False)
def test_analytics_go_on_with_other_shards(
    seed: int, before: int, after: int, delay_ms: int, cuts: list[int], small: bool
) -> None:
    with small_journals(small):
        frame = shuffled(seed, 200, 5 * MINUTE, delay_ms)
        parts = [part for part in parts_of(frame, cuts) if part.trades.size]
        starts = [int(part.trades["timestamp"].min()) - 1 for part in parts]
        ends = [int(part.trades["timestamp"].max()) - SECOND for part in parts]
        # Without a delay everything is in time; with one much of it is late, and waits.
        times = [starts[0], *ends[:-1]] if delay_ms else starts
        watermarks = np.maximum.accumulate(times).tolist()
        model = ModelRules(("1s", "1m"), trees=3, height=3, window=4, threshold=0.1)
        own = dataclasses.replace(
            RULES,
            correction_ms=MINUTE,
            analytics=dataclasses.replace(ANALYTICS, model=model),
            silences_ms=(SILENCE_MS, 3 * SECOND),
        )
        plain, changed = Shards(1, rules=own), Shards(before, rules=own)
        for number, (part, watermark) in enumerate(zip(parts, watermarks, strict=True)):
            plain.frame(part, watermark)
            if number == len(parts) // 2:
                changed = changed.handed_over(after, watermark)
            changed.frame(part, watermark)
        plain.end()
        changed.end()
    assert analytics_of(changed.outputs) == analytics_of(plain.outputs)


def test_candles_that_only_one_shard_knew_to_be_over_are_published_by_the_heir() -> None:
    old = Shards(2)
    by_shard: dict[int, str] = {}
    for name in map(str, range(20)):
        by_shard.setdefault(shard_of(name, 2), name)
    for symbol in by_shard.values():
        old.frame(dataclasses.replace(one_trade(START), symbols=[symbol]), START)
    # Time goes on by the clock, and the one is asked before the other.
    old.piece(0, frames.pack(Frame(0, one_trade(START).trades[:0], [], [], b"")), START + MINUTE)
    new = Shards(1, 2)
    for number, piece in old.parts(1):
        new.piece(number, piece, START)
    found = newest(candles_of([*old.outputs, *new.outputs]))
    assert {(key[0], key[1]) for key, candle in found.items() if candle["final"]} == {
        (symbol, interval) for symbol in by_shard.values() for interval in ("1s", "10s", "1m")
    }
    assert {candle["revision"] for candle in found.values()} == {0}


def test_a_state_goes_there_and_back() -> None:
    journals: dict[int, dict[int, Journal]] = {2: {}, 3: {}}
    frame = trades_of_all_kinds(3, 60, 900)
    now = Shards(2, journals=journals[2])
    for part in parts_of(frame, [10, 20, 30, 40, 50]):
        now.frame(part, NOW_MS - MINUTE)
        before, after = now.rules.shards, 5 - now.rules.shards
        new = Shards(after, before, journals[after])
        new.outputs = now.outputs
        new.frame(part, NOW_MS - MINUTE)
        for number, piece in now.parts(after):
            new.piece(number, piece, NOW_MS - MINUTE)
        assert now.parts(after) == []
        now = new
    now.end()
    found = {key: values(candle) for key, candle in newest(candles_of(now.outputs)).items()}
    assert found == expected(frame)
    assert (now.total["candles"], now.total["duplicates"]) == (60, 60)


def test_an_heir_is_no_shard_yet() -> None:
    new = Shards(2, 3)
    new.frame(one_trade(START), START)
    for each, journal in new.journals.items():
        journal.write(new.all[each].journal())
    number = next(number for number, journal in new.journals.items() if journal)
    assert isinstance(new.all[number], Heir)
    assert new.all[number].tick(int(NEVER), 10 * SECOND) == []
    assert new.all[number].due(0) == (int(NEVER) - 1, None)
    assert new.outputs == []
    with pytest.raises(StateError, match="TAPELINE_SHARDS_BEFORE"):
        Shard.restored(number, plain(new.rules), new.journals[number], 0)


def plain(rules: Rules) -> Rules:
    return dataclasses.replace(rules, shards_before=0)


def test_fewer_shards_leave_no_account_of_one_that_is_gone() -> None:
    first = Shards(4)
    names = {shard_of(f"{n}", 3): f"{n}" for n in range(50)}
    for number in (0, 2):  # of the others nothing is counted
        first.frame(dataclasses.replace(one_trade(START), symbols=[names[number]]), START)
    old, new = Shards(3, 4), Shards(1, 3)
    for before, after in ((first, old), (old, new)):
        after.outputs = before.outputs
        for number, piece in before.parts(after.rules.shards):
            after.piece(number, piece, START)
    accounts: dict[bytes, Any] = {
        k: json.loads(v) for name, k, v in new.outputs if name == "ledger"
    }
    assert {key: account["shards"] for key, account in accounts.items()} == {
        b"0": 1, b"1": 1, b"2": 1, b"3": 3, b"%d" % TALLY: 1,
    }  # fmt: skip
    assert not any(accounts[key]["sources"] for key in (b"1", b"2", b"3"))
    assert new.total["candles"] == new.total["records"] == 2
