"""What records of all topics hold, and that each is accounted for."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from tests.fix_mutants import mutants
from tests.fix_reference import make
from tests.udfs.makers import NOW_MS, column, text, trade
from tests.udfs.test_executions import fill
from tests.udfs.test_fix import HEADER, order
from udfs import decoding, fix, trades
from udfs.decoding import Decoded, Records
from udfs.reasons import Reason
from udfs.sources import ORDERS, PARTITIONS_PER_TOPIC

FIX = ORDERS * PARTITIONS_PER_TOPIC
FAR_MS = 10**15


def records(*given: tuple[int, bytes]) -> Records:
    """Records of these sources and values, at offsets 0, 1, 2..."""
    sources = np.array([source for source, _ in given], np.int32)
    times, offsets = np.full(len(given), NOW_MS), np.arange(len(given))
    return Records(column(*(value for _, value in given)), times, sources, offsets)


def places(found: Decoded) -> list[tuple[int, int]]:
    """Source and offset of each trade."""
    rows = np.concatenate([batch.trades for batch in found.batches])
    return sorted(rows[["source", "offset"]].tolist())


def outcomes(found: Decoded) -> Counter[tuple[str, int]]:
    """How many records of each source came to what."""
    count = Counter[tuple[str, int]]()
    for outcome, sources in found.outcomes:
        count.update((outcome, source) for source in sources.tolist())
    return count


def test_each_record_is_read_as_its_topic_says() -> None:
    session = make((35, "0"), *HEADER)
    mixed = records(
        (1, text(trade())), (FIX, fill()), (1, fill()), (FIX + 2, order() + session), (FIX, b"{}")
    )
    found = decoding.decode(mixed, FAR_MS)
    assert places(found) == [(1, 0), (FIX, 1)]
    assert outcomes(found) == {
        ("trades", 1): 1,
        ("trades", FIX): 1,
        ("rejected", 1): 1,
        ("rejected", FIX): 1,
        ("events", FIX + 2): 1,
        ("session", FIX + 2): 1,
    }
    reasons = {
        (of.offsets[reject.row], reject.reason.code)
        for rejects, of in found.rejects
        for reject in rejects
    }
    assert reasons == {(2, "invalid_json"), (4, "not_fix")}


def test_batches_of_one_kind_and_of_both_hold_the_same() -> None:
    fixes = [(FIX + i % 2, each) for i, each in enumerate(mutants(4, 500))]
    jsons = [(i % 2, text(trade(trade_id=i))) for i in range(500)]
    mixed = [each for both in zip(fixes, jsons, strict=True) for each in both]
    whole = decoding.decode(records(*mixed), FAR_MS)
    apart = [decoding.decode(records(*some), FAR_MS) for some in (fixes, jsons)]
    assert outcomes(whole) == outcomes(apart[0]) + outcomes(apart[1])
    parts = decoding.decode(records(*mixed)[:333], FAR_MS)
    parts.extend(decoding.decode(records(*mixed)[333:], FAR_MS))
    assert (outcomes(parts), places(parts)) == (outcomes(whole), places(whole))


@pytest.mark.parametrize(
    ("module", "source", "value", "poison"),
    [
        (trades, 0, text(trade()), text(trade(symbol="POISON"))),
        (fix, FIX, fill(), fill(t55="POISON")),
    ],
)
def test_what_decoding_fails_on_is_rejected_and_the_rest_counts(
    module: object, source: int, value: bytes, poison: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode: Callable[..., object] = module.decode  # type: ignore[attr-defined]

    def fail_on_poison(values, *others):  # type: ignore[no-untyped-def]
        if poison in values.to_pylist():
            raise ZeroDivisionError
        return decode(values, *others)

    monkeypatch.setattr(module, "decode", fail_on_poison)
    given = [(source, poison if i in (3, 19) else value) for i in range(20)]
    found = decoding.decode(records(*given), FAR_MS)
    assert [
        (of.offsets[reject.row], reject.reason, reject.payload)
        for rejects, of in found.rejects
        for reject in rejects
    ] == [(offset, Reason.INTERNAL_ERROR, poison) for offset in (3, 19)]
    assert places(found) == [(source, offset) for offset in range(20) if offset not in (3, 19)]


def test_trades_stamped_later_than_their_record_are_counted_by_symbol() -> None:
    found = decoding.decode(
        records(
            (0, text(trade(symbol="A", timestamp=NOW_MS + 1))),
            (0, text(trade(symbol="B"))),
            (0, text([trade(symbol="A", timestamp=NOW_MS + 2), trade(symbol="A")])),
        ),
        60_000,
    )
    (batch,) = found.batches
    assert dict(zip(batch.symbols, batch.crossed, strict=True)) == {"A": 2, "B": 0}
    (batch,) = decoding.decode(records((0, text(trade()))), 60_000).batches
    assert batch.crossed == ()
