import pytest

from api.reader import Reading
from api.readiness import SILENCE_MS, judge
from tests.api.harness import NOW

CURRENT = Reading(answered_at=NOW, caught_up=True, lag={"candles": 0})
BEHIND = Reading(answered_at=NOW, lag={"candles": 5, "dead_letters": 2})
SILENT = Reading(answered_at=NOW - SILENCE_MS - 1, caught_up=True)
MISSING = Reading(answered_at=NOW, missing=("candles",))
AWAY = Reading(answered_at=NOW, trouble="connection refused", caught_up=True)


@pytest.mark.parametrize(
    ("reading", "updated_at", "stale_after_ms", "reasons"),
    [
        (CURRENT, NOW - 1_000, 1_000, []),
        (CURRENT, NOW + 5, 1_000, []),  # clocks differ a little
        (CURRENT, NOW - 1_001, 1_000, ["the newest candle is 1001 ms old, over 1000 ms"]),
        (CURRENT, NOW - 1_001, 0, []),
        (CURRENT, None, 1_000, ["no candle has come yet"]),
        (CURRENT, None, 0, []),
        (BEHIND, NOW, 1_000, ["7 messages of the past are still to be read"]),
        (SILENT, NOW, 1_000, ["the broker has not answered for 5001 ms"]),
        (MISSING, NOW, 1_000, ["topic candles does not exist"]),
        (AWAY, NOW, 1_000, ["the broker is away: connection refused"]),
        (Reading(), None, 0, ["the broker has not answered yet"]),
    ],
)
def test_every_reason_is_named(
    reading: Reading, updated_at: int | None, stale_after_ms: int, reasons: list[str]
) -> None:
    assert judge(reading, updated_at, NOW, stale_after_ms).reasons == reasons


def test_freshness_is_the_age_of_the_newest_update_and_never_negative() -> None:
    assert judge(CURRENT, NOW - 7, NOW, 0).freshness_ms == 7
    assert judge(CURRENT, NOW + 7, NOW, 0).freshness_ms == 0
    assert judge(CURRENT, None, NOW, 0).freshness_ms is None
