import numpy as np
import pytest

from scripts.generate.feed import Feed, Maker
from scripts.generate.season import DAY_MS, PEAK_MS, season, seasonal

START_MS = Feed.start_ms


def test_a_day_has_the_trades_that_its_rate_says() -> None:
    times = seasonal(START_MS, 2.0)(2 * 86_400 * 3)
    assert times[0] == pytest.approx(START_MS, abs=1)
    assert times[-1] == pytest.approx(START_MS + 3 * DAY_MS, rel=1e-6)
    assert (np.diff(times) > 0).all()
    a_day = np.diff(np.searchsorted(times, START_MS + DAY_MS * np.arange(4)))
    assert a_day == pytest.approx(2 * 86_400, abs=3)


def test_it_is_busiest_at_the_peak() -> None:
    times = seasonal(START_MS, 10.0)(10 * 86_400)
    hours = np.histogram(times - START_MS, bins=24, range=(0, DAY_MS))[0] / 36_000
    middles = START_MS + (np.arange(24) + 0.5) * 3_600_000
    assert hours == pytest.approx(season(middles), rel=0.02)
    assert season(np.array([START_MS + PEAK_MS])) == pytest.approx(1.65)
    assert season(np.linspace(START_MS, START_MS + DAY_MS, 1_000)).min() > 0.5


@pytest.mark.parametrize("start_ms", [START_MS + 12_345_678, START_MS + int(PEAK_MS)])
def test_a_feed_may_begin_at_any_time_of_the_day(start_ms: int) -> None:
    assert seasonal(start_ms, 5.0)(1)[0] == pytest.approx(start_ms, abs=1)


def test_however_it_is_asked_the_times_are_the_same() -> None:
    at_once, parts = seasonal(START_MS, 3.0)(1_000), seasonal(START_MS, 3.0)
    assert np.concatenate([parts(1), parts(0), parts(499), parts(500)]) == pytest.approx(at_once)


def test_prices_are_wilder_at_the_peak() -> None:
    def swing(start_ms: float) -> float:
        feed = Feed(count=40_000, rate=100, start_ms=int(start_ms), seasonal=True, seed=5)
        steps = []
        for block in Maker(feed).blocks():
            prices = block.trades.price[block.trades.symbol == 0]
            steps.append(np.diff(np.log(prices)))
        return float(np.concatenate(steps).std())

    assert swing(START_MS + PEAK_MS) > 1.3 * swing(START_MS + PEAK_MS - DAY_MS / 2)


def test_no_cycle_is_like_another_and_none_is_far_from_the_one_before() -> None:
    feed = Feed(count=60_000, rate=1_000, cycle=10_000, seed=2)
    firsts = np.array(
        [[block.trades.price[block.trades.symbol == s][0] for s in range(6)]
         for block in Maker(feed).blocks()]
    )  # fmt: skip
    ratios = firsts[1:] / firsts[:-1]
    assert np.abs(np.log(ratios)).max() < np.log(1.1) * 1.25  # and what the market did
    assert np.abs(np.log(ratios)).max() > 0.03
    assert len(np.unique(ratios.round(6))) == ratios.size


def test_levels_do_not_drift_away() -> None:
    feed = Feed(count=2_000 * 500, rate=500, cycle=500, seed=2, block_s=1)
    last = max(Maker(feed).blocks(), key=lambda block: int(block.times[-1]))
    listed = np.array([each.price for each in Maker(feed).instruments])
    assert np.abs(np.log(last.trades.price / listed[last.trades.symbol])).max() < np.log(5)
