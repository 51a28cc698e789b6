"""The store against a plain model: dictionaries, and every candle ever put."""

import threading
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import UnknownSymbolError
from api.records import INTERVALS, Candle, Interval
from api.store import DAY_MS, CandleStore, Size
from tests.api.harness import MINUTE, NOW, candle

EVERYTHING = 1_000_000

candles = st.lists(
    st.builds(
        candle,
        symbol=st.sampled_from(["A", "B", "C", "D"]),
        interval=st.sampled_from(["1s", "1m", "1d"]),
        start=st.integers(0, 12).map(lambda n: n * MINUTE),
        close=st.floats(100, 102),
        final=st.booleans(),
        revision=st.integers(0, 2),
        updated_at=st.integers(0, 100),
    ),
    max_size=80,
)


def best(messages: Sequence[Candle]) -> Candle:
    """The one message of many for the same candle that stands, by the contract's words."""
    finals = [each for each in messages if each.final]
    if not finals:
        return messages[-1]
    highest = max(each.revision for each in finals)
    return [each for each in finals if each.revision == highest][-1]


def model(put: Sequence[Candle], symbol: str, interval: str) -> list[Candle]:
    by_start: dict[int, list[Candle]] = {}
    for each in put:
        if (each.symbol, each.interval) == (symbol, interval):
            by_start.setdefault(each.start, []).append(each)
    return [best(by_start[start]) for start in sorted(by_start)]


def kept(store: CandleStore, symbol: str, interval: Interval) -> list[Candle]:
    return store.rows(symbol, interval, limit=EVERYTHING)


@given(candles, st.integers(1, 15), st.integers(1, 80))
def test_the_newest_candles_are_kept_and_the_best_message_of_each(
    put: list[Candle], limit: int, cut: int
) -> None:
    store = CandleStore("candles", limit, 10, EVERYTHING)
    for at in range(0, len(put), cut):  # the same however the stream is cut into polls
        store.put(put[at : at + cut])
    for symbol in {each.symbol for each in put}:
        for interval in INTERVALS:
            assert kept(store, symbol, interval) == model(put, symbol, interval)[-limit:]


@given(candles, st.integers(1, 3))
def test_the_symbols_last_updated_are_kept(put: list[Candle], most: int) -> None:
    store = CandleStore("candles", 100, most, EVERYTHING)
    store.put(put)
    recent = list(dict.fromkeys(each.symbol for each in reversed(put)))[:most]
    total, summaries = store.summaries("", EVERYTHING)
    assert [each.symbol for each in summaries] == sorted(recent)
    assert total == len(recent)


@given(candles, st.integers(12, 40))
def test_the_total_is_bounded_and_what_is_kept_is_the_newest(put: list[Candle], most: int) -> None:
    store = CandleStore("candles", 100, 10, most)
    for each in put:
        store.put([each])
        assert store.size().rows <= most
    counted = 0
    for symbol in {each.symbol for each in put}:
        for interval in INTERVALS:
            found = kept(store, symbol, interval)
            counted += len(found)
            if found:
                newest = model(put, symbol, interval)[-len(found) :]
                assert [each.start for each in found] == [each.start for each in newest]
    assert store.size().rows == counted


@given(candles, st.integers(0, 13), st.integers(0, 13), st.integers(1, 5), st.booleans())
def test_a_range_is_half_open_and_the_limit_keeps_the_newest(
    put: list[Candle], low: int, high: int, limit: int, final: bool
) -> None:
    put = [*put, candle("A", "1m", 0)]
    store = CandleStore("candles", 100, 10, EVERYTHING)
    store.put(put)
    since, until = low * MINUTE, high * MINUTE
    found = store.rows("A", "1m", since=since, until=until, final=final, limit=limit)
    matching = [each for each in model(put, "A", "1m") if since <= each.start < until]
    assert found == [each for each in matching if each.final is final][-limit:]


def test_the_newest_candle_of_every_interval_comes_shortest_first() -> None:
    store = CandleStore("candles", 10, 10, EVERYTHING)
    store.put([candle(interval="1h"), candle(interval="1s"), candle(interval="1s", start=NOW + 1)])
    assert [(name, each.start) for name, each in store.newest("BTC/USD").items()] == [
        ("1s", NOW + 1),
        ("1h", NOW),
    ]


def test_the_price_is_that_of_the_shortest_interval_and_changes_over_a_day() -> None:
    store = CandleStore("candles", 10, 10, EVERYTHING)
    store.put(
        [
            candle(start=NOW - DAY_MS - MINUTE, close=1),
            candle(start=NOW - DAY_MS, close=2),
            candle(start=NOW, close=3, final=False),
            candle(interval="1s", start=NOW, close=4, final=False),
        ]
    )
    (summary,) = store.summaries("btc", 1)[1]
    assert (summary.last, summary.time, summary.since) == (4, NOW, NOW - DAY_MS)


def test_an_unknown_symbol_is_answered_with_the_first_twenty_there_are() -> None:
    store = CandleStore("candles", 10, 100, EVERYTHING)
    store.put(candle(symbol=f"S{number:02}") for number in reversed(range(25)))
    with pytest.raises(UnknownSymbolError, match=r"'XYZ'; there are S00, .*S19 and 5 more"):
        store.newest("XYZ")


def test_readers_see_candles_in_order_while_one_thread_writes() -> None:
    random = Random(7)
    store = CandleStore("candles", 50, 4, 300)
    store.put(candle(f"S{number}", start=0) for number in range(3))
    done = threading.Event()
    disorder: list[list[int]] = []

    def read() -> None:
        while not done.is_set():
            for number in range(3):
                starts = [each.start for each in kept(store, f"S{number}", "1m")]
                if starts != sorted(set(starts)):
                    disorder.append(starts)
            store.summaries("", 10)

    readers = [threading.Thread(target=read, daemon=True) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(100):
        store.put(candle(f"S{random.randrange(3)}", start=random.randrange(500)) for _ in range(50))
    done.set()
    for reader in readers:
        reader.join()
    assert not disorder
    assert store.size() == Size(3, 150, 50)
