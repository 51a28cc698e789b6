"""The feed of FIX: what it says is true, and the life of its orders makes sense."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from scripts.generate.feed import Feed
from scripts.generate.messages import Message
from scripts.generate.orders import Mix, blocks
from tests.fix_reference import Fault, judge
from tests.fix_reference import Message as Fix

FEED = Feed(count=20_000, rate=2_000)
MIX = Mix(98, 2)


def messages(feed: Feed, mix: Mix = MIX) -> Iterator[Message]:
    for block in blocks(feed, mix):
        yield from block


@cache
def parsed(feed: Feed, mix: Mix = MIX) -> list[Fix]:
    found = [judge(message.value) for message in messages(feed, mix)]
    assert not [each for each in found if isinstance(each, Fault)]
    return [each for each in found if isinstance(each, Fix)]


def number(message: Fix, tag: int) -> float:
    return float(message.fields[tag])


@pytest.mark.parametrize("bad", [0.0, 0.1, 1.0])
def test_every_message_becomes_what_the_feed_says(bad: float) -> None:
    reasons = set()
    for message in messages(replace(FEED, bad=bad, count=5_000)):
        found = judge(message.value) if message.value else Fault("empty_message", 0)
        given = [found.reason] if isinstance(found, Fault) else []
        assert given == [reason for _, reason in message.rejected], message
        assert message.trades == (not given)
        reasons.update(given)
    assert len(reasons) > 10 or not bad


def test_several_messages_may_share_one_of_kafka() -> None:
    for message in messages(replace(FEED, packed=7, bad=0.01)):
        assert message.value.count(b"8=FIX.4.2\x01") == message.trades or message.rejected
        assert message.trades <= 7


def test_equal_feeds_are_equal_and_a_longer_one_begins_like_a_shorter_one() -> None:
    short, again, long = (
        [message.value for message in messages(replace(FEED, count=count))]
        for count in (3_000, 3_000, 5_000)
    )
    assert short == again == long[:3_000]


@pytest.mark.parametrize("mix", [Mix(98, 2), Mix(1, 1), Mix(1, 0)])
def test_orders_and_trades_are_mixed_as_asked(mix: Mix) -> None:
    fills = sum(each.fields.get(150, b"") in (b"1", b"2") for each in parsed(FEED, mix))
    wanted = mix.trades / (mix.orders + mix.trades)
    # Now and then nothing is in the book to be traded.
    assert 0.7 * wanted * 20_000 <= fills <= 1.2 * wanted * 20_000


def test_each_order_has_a_life_that_a_venue_could_have_given_it() -> None:
    asked: dict[bytes, Fix] = {}
    orders: dict[bytes, tuple[bytes, float, float]] = {}  # id of the client, quantity, filled
    ended = Counter[str]()
    for message in parsed(FEED):
        fields = message.fields
        if message.type in "DFG":
            assert fields[11] not in asked  # no two requests have the same id
            asked[fields[11]] = message
        elif message.type == "9":
            assert fields[37] not in orders  # too late: it was filled
            assert asked[fields[11]].type in "FG"
        elif message.type == "8":
            kind, venue_id = fields[150], fields[37]
            if kind == b"0":
                assert asked[fields[11]].type == "D"
                assert fields[44] == asked[fields[11]].fields[44]
                orders[venue_id] = fields[11], number(message, 38), 0.0
                continue
            client_id, quantity, filled = orders[venue_id]
            if kind in (b"1", b"2"):
                filled += number(message, 32)
                orders[venue_id] = client_id, quantity, filled
                assert fields[11] == client_id
            elif kind == b"5":
                assert (asked[fields[11]].type, fields[41]) == ("G", client_id)
                orders[venue_id] = fields[11], number(message, 38), filled
            else:
                assert (asked[fields[11]].type, fields[41]) == ("F", client_id)
            assert number(message, 14) == pytest.approx(filled)
            left = 0 if kind == b"4" else orders[venue_id][1] - filled
            assert number(message, 151) == pytest.approx(left, abs=1e-9)
            assert (kind == b"2") <= (left < 1e-9)
            if kind in (b"2", b"4"):
                ended[kind.decode()] += 1
                del orders[venue_id]
    assert min(ended["2"], ended["4"]) > 50
    kinds = Counter(each.type for each in parsed(FEED))
    assert set(kinds) == set("0DFG89")


def test_each_sender_counts_its_messages_and_time_goes_on() -> None:
    found = parsed(FEED)
    numbers: dict[tuple[bytes, bytes], int] = {}
    for message in found:
        pair = message.fields[49], message.fields[56]
        numbers[pair] = numbers.get(pair, 0) + 1
        assert int(message.fields[34]) == numbers[pair]
    assert all(a.fields[52] <= b.fields[52] for a, b in pairwise(found))


def test_event_times_fall_behind_as_far_as_asked() -> None:
    steady, late = (
        [message.timestamp_ms for message in messages(replace(FEED, disorder_ms=disorder_ms))]
        for disorder_ms in (0, 500)
    )
    behind = [a - b for a, b in zip(steady, late, strict=True)]
    assert min(behind) == 0
    assert max(behind) == 500
