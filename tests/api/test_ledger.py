"""The ledger against plain sums over the newest account of each shard."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.intake import Intake
from api.ledger import OUTCOMES, Balance, Ledger
from api.records import DECODE, MAX_SHARDS, Account
from jobs.settings import Settings as JobSettings
from tests.api.harness import NOW, account, source
from udfs.ledger import COUNTS
from udfs.ledger import Ledger as Written
from udfs.shards import TALLY

numbers = st.integers(0, 9)
sources = st.builds(
    source,
    st.integers(0, 2),
    st.sampled_from(["trades", "more"]),
    **dict.fromkeys(COUNTS, numbers),
)
accounts = st.lists(
    st.builds(
        lambda shard, sources, duplicates, updated_at: account(
            shard, *sources, duplicates=duplicates, updated_at=updated_at
        ),
        st.integers(0, 3) | st.just(DECODE),
        st.lists(sources, max_size=3),
        st.dictionaries(st.sampled_from("ABCD"), st.integers(1, 9)),
        st.integers(0, 9),
    ),
    max_size=20,
)


def balance(*put: Account, limit: int = 100) -> Balance:
    ledger = Ledger()
    ledger.put(put)
    return ledger.balance(limit)


def newest(put: Sequence[Account]) -> list[Account]:
    """The account of each shard that stands: of the highest ``updated_at``, the last."""
    stands = []
    for shard in {each.shard for each in put}:
        of_shard = [each for each in put if each.shard == shard]
        highest = max(each.updated_at for each in of_shard)
        stands.append([each for each in of_shard if each.updated_at == highest][-1])
    return stands


@given(accounts, st.integers(1, 5))
def test_the_counts_are_the_sums_of_the_newest_accounts(put: list[Account], cut: int) -> None:
    ledger = Ledger()
    for at in range(0, len(put), cut):  # the same however the stream is cut into polls
        ledger.put(put[at : at + cut])
    found = ledger.balance(100)
    stands = newest(put)
    every = [each for account in stands for each in account.sources]
    for name in COUNTS:
        assert getattr(found.total, name) == sum(getattr(each, name) for each in every)
        assert {(each.topic, each.partition): getattr(each, name) for each in found.sources} == {
            (topic, partition): sum(
                getattr(each, name)
                for each in every
                if (each.topic, each.partition) == (topic, partition)
            )
            for topic, partition in {(each.topic, each.partition) for each in every}
        }
    assert found.duplicates == {
        symbol: sum(each.duplicates.get(symbol, 0) for each in stands)
        for symbol in {symbol for each in stands for symbol in each.duplicates}
    }


@given(accounts)
def test_every_record_has_one_outcome(put: list[Account]) -> None:
    found = balance(*put)
    for counts in (*found.sources, found.total):
        assert sum(getattr(counts, outcome) for outcome in OUTCOMES) == counts.records


@given(accounts)
def test_the_total_alone_is_that_of_the_balance(put: list[Account]) -> None:
    ledger = Ledger()
    ledger.put(put)
    assert ledger.total() == ledger.balance(1).total


@given(accounts)
def test_reading_the_topic_again_counts_nothing_twice(put: list[Account]) -> None:
    assert balance(*put, *put) == balance(*put)


@pytest.mark.parametrize(("later", "candles"), [(-1, 5), (0, 2), (1, 2)])
def test_an_account_replaces_one_that_is_not_newer(later: int, candles: int) -> None:
    first = account(3, source(candles=5))
    second = account(3, source(candles=2), updated_at=NOW + later)  # less, after a recovery
    assert balance(first, second).total.candles == candles


def test_what_a_newer_account_does_not_have_is_gone() -> None:
    first = account(3, source(candles=5), duplicates={"A": 1})
    found = balance(first, account(3, updated_at=NOW + 1))
    assert (found.sources, found.duplicates) == ([], {})


def test_accounts_of_different_shards_stand_beside_each_other_whatever_their_age() -> None:
    old = account(1, source(candles=5), updated_at=NOW - 1_000_000)
    found = balance(account(2, source(candles=2)), old)
    assert (found.total.candles, found.updated_at) == (7, NOW)


@pytest.mark.parametrize(
    ("read", "became", "in_flight"),
    [
        ({"records": 9, "rejected": 1}, {"candles": 4, "duplicates": 3, "late": 1}, 0),
        ({"records": 9, "rejected": 1}, {"candles": 4}, 4),
        ({"records": 2}, {"candles": 4}, -2),
        ({"records": 9}, {"rejected": 9}, 0),
    ],
)
def test_in_flight_is_what_was_read_and_has_no_outcome_yet(
    read: dict[str, int], became: dict[str, int], in_flight: int
) -> None:
    found = balance(account(DECODE, source(**read)), account(0, source(**became)))
    assert [each.in_flight for each in found.sources] == [in_flight]
    assert found.total.in_flight == in_flight
    assert found.balanced is (in_flight == 0)


def test_what_is_missing_of_one_source_is_not_made_up_for_by_another() -> None:
    found = balance(
        account(DECODE, source(0, records=5), source(1, records=5)),
        account(0, source(0, candles=6), source(1, candles=4)),
    )
    assert [each.in_flight for each in found.sources] == [-1, 1]
    assert (found.total.in_flight, found.balanced) == (0, False)


def test_a_ledger_without_accounts_is_empty_and_balanced() -> None:
    found = balance()
    assert (found.sources, found.duplicates, found.updated_at) == ([], {}, None)
    assert found.balanced


def test_sources_are_in_the_order_of_topic_and_partition() -> None:
    places = [("b", 0), ("a", 10), ("a", 9), ("a", 0)]
    found = balance(*(account(n, source(p, topic)) for n, (topic, p) in enumerate(places)))
    assert [(each.topic, each.partition) for each in found.sources] == sorted(places)


def test_the_symbols_with_most_duplicates_come_first_and_by_name_among_equals() -> None:
    put = [account(0, duplicates={"C": 2, "B": 2, "E": 1}), account(1, duplicates={"A": 1, "D": 3})]
    ordered = [("D", 3), ("B", 2), ("C", 2), ("A", 1), ("E", 1)]
    for limit in range(1, 7):
        assert list(balance(*put, limit=limit).duplicates.items()) == ordered[:limit]


def test_asking_changes_nothing() -> None:
    ledger = Ledger()
    ledger.put([account(0, source(candles=1), duplicates={"A": 1}), account(1, source(candles=2))])
    assert ledger.balance(100) == ledger.balance(100)


@pytest.mark.parametrize(
    ("shard", "taken"),
    [(0, 1), (MAX_SHARDS - 1, 1), (DECODE, 1), (-1, 0), (MAX_SHARDS, 0), (DECODE + 1, 0)],
)
def test_only_shards_that_the_job_may_have_are_taken_so_that_memory_is_bounded(
    shard: int, taken: int
) -> None:
    found: list[Account] = []
    intake = Intake("ledger", msgspec.json.Decoder(Account), found.extend)
    message = msgspec.json.encode(account(0)).replace(b'"shard":0', b'"shard":%d' % shard)
    assert intake.take([message]) == 1 - taken
    assert len(found) == taken


def test_what_the_job_writes_is_what_is_read() -> None:
    written = Written({65_536 + 2: [1, 2, 3, 4, 5, 6]}, {"BTC/USD": 4})
    _, message = written.message(7, 16, {0: "trades", 1: "more"}, NOW)
    read = msgspec.json.decode(message, type=Account)
    assert read == account(
        7,
        source(2, "more", messages=1, records=2, candles=3, duplicates=4, late=5, rejected=6),
        duplicates={"BTC/USD": 4},
    )


def test_the_job_has_no_other_shards() -> None:
    assert DECODE == TALLY
    assert JobSettings(shards=MAX_SHARDS).shards == MAX_SHARDS
    with pytest.raises(ValidationError, match="shards"):
        JobSettings(shards=MAX_SHARDS + 1)
