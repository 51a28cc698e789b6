"""What chaos does is what the manifest says, and what the contract makes of it."""

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from scripts.generate.chaos import BURST_TRADES, LATE_MS, SILENCE_MS, WRONG_BY, Fate, swapped
from scripts.generate.faults import FAULTS, OVERSIZED
from scripts.generate.feed import Feed, Maker
from scripts.generate.manifest import Manifest
from scripts.generate.messages import Message
from scripts.generate.partitions import partitions_of
from tests import oracle

FEED = Feed(count=40_000, rate=200, chaos=0.2, seed=3)
FEEDS = [
    FEED,
    replace(FEED, packed=20),
    replace(FEED, chaos=1.0, symbols=3),
    replace(FEED, packed=7, partitions=4, count=100_000),
    replace(FEED, symbols=2_000, seasonal=True, cycle=7_000),
    replace(FEED, chaos=0.0),
]


def made(feed: Feed) -> tuple[Manifest, list[Message]]:
    maker = Maker(feed)
    names = [each.symbol for each in maker.instruments]
    manifest = Manifest({})
    messages: list[Message] = []
    for block in maker.blocks():
        faults = maker.faults(block)
        messages += maker.messages(block, faults)
        manifest.add(block, faults, names)
    manifest.silences = maker.chaos.silent
    return manifest, messages


def read(messages: list[Message]) -> tuple[list[oracle.Trade], Counter[str]]:
    """Good trades in the order of sending, and the reasons of the others."""
    both = [oracle.read(oracle.Message(each.value, each.timestamp_ms)) for each in messages]
    reasons = Counter(fault.reason for _, faults in both for fault in faults)
    return list(chain.from_iterable(good for good, _ in both)), reasons


def identity(trade: oracle.Trade) -> tuple[str, str]:
    return trade.symbol, trade.trade_id


def digits(price: float) -> list[str]:
    """Those that are not 0, sorted."""
    return sorted(f"{price:.5f}".replace("0", ""))


def plain(feed: Feed) -> dict[tuple[str, str], oracle.Trade]:
    """The trades of the feed as they were without chaos."""
    return {identity(trade): trade for trade in read(made(replace(feed, chaos=0.0))[1])[0]}


@pytest.mark.parametrize("feed", FEEDS, ids=str)
def test_the_manifest_says_what_readers_find(feed: Feed) -> None:
    manifest, messages = made(feed)
    good, reasons = read(messages)
    assert manifest.records == len(good) + reasons.total()
    assert manifest.rejected == reasons
    assert manifest.trades == len({identity(trade) for trade in good})
    assert manifest.duplicates == len(good) - manifest.trades
    of = Counter(symbol for symbol, _ in {identity(trade) for trade in good})
    assert {symbol: each.trades for symbol, each in manifest.symbols.items()} == of
    times: dict[str, list[int]] = defaultdict(list)
    for trade in good:
        times[trade.symbol].append(trade.timestamp)
    for symbol, each in manifest.symbols.items():
        assert (min(times[symbol]), max(times[symbol])) == (each.first, each.last)


@pytest.mark.parametrize("feed", FEEDS[:4], ids=str)
def test_trades_are_as_they_were_but_for_what_the_manifest_counts(feed: Feed) -> None:
    manifest, messages = made(feed)
    before = plain(feed)
    late = wrong = at_once = 0
    for trade in {identity(trade): trade for trade in read(messages)[0]}.values():
        was = before[identity(trade)]
        by_ms = was.timestamp - trade.timestamp
        if trade.price != was.price:
            wrong += 1
            assert abs(trade.price / was.price - 1) >= WRONG_BY
            assert digits(trade.price) == digits(was.price)
        elif by_ms >= LATE_MS[0] - 1:
            late += 1
            assert by_ms <= LATE_MS[1] + 10_000
        elif by_ms:
            at_once += 1
        same = trade._replace(price=was.price, timestamp=was.timestamp)
        assert same == was
    assert wrong == manifest.swapped_digits
    # A trade of a burst is early or late by as much as the burst would have taken.
    assert abs(late - manifest.late) <= manifest.bursts.trades
    assert at_once <= manifest.bursts.trades
    assert min(wrong, late) > 0


def test_copies_are_byte_for_byte_what_was_sent_before() -> None:
    manifest, messages = made(FEED)
    seen: set[bytes] = set()
    copies = 0
    for message in messages:
        if not message.rejected:
            copies += message.value in seen
            seen.add(message.value)
    assert copies == manifest.duplicates
    assert copies > 0


def test_the_share_is_that_of_what_is_disturbed() -> None:
    manifest, _ = made(FEED)
    late_and_wrong = manifest.late + manifest.swapped_digits
    disturbed = sum(manifest.rejected.values()) + manifest.duplicates + late_and_wrong
    assert disturbed / manifest.records == pytest.approx(FEED.chaos, rel=0.1)


def test_every_fault_comes_and_the_oversized_ones_seldom() -> None:
    manifest, messages = made(replace(FEED, oversized=True, count=70_000, chaos=0.5))
    assert set(manifest.rejected) == {fault.reason for fault in (*FAULTS, OVERSIZED)}
    assert manifest.rejected[OVERSIZED.reason] < manifest.records / 10_000
    assert sum(len(message.value) > 1 << 20 for message in messages) > 0


def test_a_silent_partition_has_nothing_and_the_others_go_on() -> None:
    feed = replace(FEED, partitions=4, count=100_000, symbols=50)
    maker = Maker(feed)
    of = partitions_of([each.symbol for each in maker.instruments], 4)
    times = [block.times for block in maker.blocks()]
    symbols = [block.trades.symbol for block in Maker(feed).blocks()]
    assert len(maker.chaos.silences) == maker.chaos.silent > 2
    now, partition = np.maximum.accumulate(np.concatenate(times)), of[np.concatenate(symbols)]
    for silence in maker.chaos.silences:
        during = (now >= silence.start) & (now < silence.end)
        assert not (partition[during] == silence.partition).any()
        assert set(partition[during]) == set(range(4)) - {silence.partition}
        assert SILENCE_MS[0] <= silence.end - silence.start <= SILENCE_MS[1]
        after = (now >= silence.end) & (now < silence.end + 2_000)
        assert not after.any() or silence.partition in partition[after]


def test_the_trades_of_a_burst_come_at_one_instant() -> None:
    feed = replace(FEED, chaos=1.0, count=60_000, partitions=4, symbols=50)
    sizes = []
    for block in Maker(feed).blocks():
        for first, end in block.bursts:
            in_time = ~np.isin(block.fate[first:end], (Fate.LATE, Fate.COPIED))
            assert len(np.unique(block.times[first:end][in_time])) == 1
            sizes.append(end - first)
    assert len(sizes) > 3
    assert max(sizes) > BURST_TRADES[0]


def test_one_partition_alone_is_never_silent() -> None:
    feed = replace(FEED, partitions=1)
    manifest, _ = made(feed)
    assert manifest.silences == 0
    assert manifest.records == feed.count


@pytest.mark.parametrize(
    ("price", "digits", "wrong"),
    [(97_000.0, 2, 7_900.0), (250.0, 2, 520.0), (1.04, 5, 0.14), (33.33, 2, None)],
)
def test_swapped_digits_are_those_that_matter(
    price: float, digits: int, wrong: float | None
) -> None:
    assert swapped(price, digits) == wrong


def test_equal_feeds_are_equal_byte_for_byte() -> None:
    assert made(FEEDS[3]) == made(FEEDS[3])
