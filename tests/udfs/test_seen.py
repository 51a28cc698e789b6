import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from udfs.fingerprints import FINGERPRINT
from udfs.intervals import MINUTE_MS
from udfs.seen import Seen

Prints = list[tuple[int, int]]


def prints(hashes: Prints) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    """Fingerprints of these hashes and minutes; hashes that are close together collide."""
    made = np.zeros(len(hashes), FINGERPRINT)
    made["high"] = [each // 4 for each, _ in hashes]
    made["low"] = [(each % 4) << 26 | minute for each, minute in hashes]
    return made


batches = st.lists(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 30)), max_size=60), max_size=12
)


@given(batches)
def test_it_is_a_set_that_forgets_by_time(batches: list[Prints]) -> None:
    seen, model = Seen(), dict[int, int]()
    for number, batch in enumerate(batches):
        since = number * 3
        expected = []
        for each, minute in batch:
            expected.append(each not in model or model[each] < since)
            if expected[-1]:
                model[each] = minute
        assert seen.add(prints(batch), since * MINUTE_MS).tolist() == expected
        if number % 3 == 0:
            seen.expire(since * MINUTE_MS)
        if number % 4 == 0:
            seen = Seen(seen.held)
    seen.expire(3 * len(batches) * MINUTE_MS)
    assert len(seen) == len(seen.held)
    assert len(seen) == sum(minute >= 3 * len(batches) for minute in model.values())


def test_a_hundred_thousand_are_held_and_found() -> None:
    hashes = [(4 * 7919 * n, 1) for n in range(100_000)]
    seen = Seen()
    for first in range(0, len(hashes), 5_000):
        assert seen.add(prints(hashes[first : first + 5_000]), 0).all()
    assert len(seen) == len(hashes)
    assert not seen.add(prints(hashes), 0).any()
    seen.expire(2 * MINUTE_MS)
    assert len(seen) == 0
