from hypothesis import given
from hypothesis import strategies as st

from api.live.log import OVERHEAD, Log
from api.live.update import Place, Update

PLACES = [Place("candles", 0), Place("candles", 1), Place("book", 0)]
steps = st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 300)), max_size=200)


def an_update(place: Place, offset: int, size: int) -> Update:
    return Update(place, offset, ("book",), "A", b"x" * size)


@given(steps, st.integers(1, 30), st.integers(1, 20_000))
def test_it_is_bounded_and_what_is_kept_of_a_partition_has_no_holes(
    put: list[tuple[Place, int]], max_updates: int, max_bytes: int
) -> None:
    log = Log(max_updates, max_bytes)
    offsets = dict.fromkeys(PLACES, 0)
    for place in PLACES:
        log.begin(place, 0)
    for place, size in put:
        log.extend(place, [an_update(place, offsets[place], size)])
        offsets[place] += 1
        log.advance(place, offsets[place])
        assert len(log) <= max_updates
        assert log.size <= max_bytes
    assert log.positions() == offsets
    kept = {place: log.since(place, 0) for place in PLACES}
    assert len(log) == sum(map(len, kept.values()))
    assert log.size == sum(OVERHEAD + len(u.value) for own in kept.values() for u in own)
    for place, own in kept.items():
        assert [each.offset for each in own] == list(range(log.begins(place), offsets[place]))
        half = (log.begins(place) + offsets[place]) // 2
        assert log.since(place, half) == [each for each in own if each.offset >= half]


def test_a_partition_that_begins_anew_forgets_what_was_kept() -> None:
    log = Log(10, 10_000)
    log.begin(PLACES[0], 0)
    log.extend(PLACES[0], [an_update(PLACES[0], 0, 5)])
    log.begin(PLACES[0], 100)
    assert (len(log), log.size, log.begins(PLACES[0])) == (0, 0, 100)
    assert log.positions() == {PLACES[0]: 100}
