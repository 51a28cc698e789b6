"""What is seen first, and how smoothly it moves."""

import statistics
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.api.harness import MINUTE, NOW, candle
from tests.browser import whole_market
from tests.browser.feed import Feed

pytestmark = pytest.mark.browser

SYMBOLS = sorted([*whole_market.SYMBOLS, *(f"S{n:02}/USD" for n in range(38))])
FRAMES = """() => {
    window.frames_ = [];
    const mine = frames_;
    const next = time => {
        mine.push(time);
        if (mine === frames_) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
}"""
PAUSE = "() => new Promise(done => setTimeout(done, 200))"


@pytest.fixture(autouse=True)
def _market(feed: Feed) -> None:
    whole_market.fill(feed, symbols=SYMBOLS)


def test_first_candles_do_not_wait_for_the_rest_of_the_page(page: Page, address: str) -> None:
    # Of what the page asks only these are answered: the others hang.
    needed = ("/api/candles/", "/api/symbols", "/health", "/static/")
    page.route(
        lambda url: "/api/" in url and not any(each in url for each in needed), lambda _: None
    )
    page.goto(f"{address}/#BTC%2FUSD/1m")
    expect(page.locator("#legend")).to_contain_text("forming")
    page.unroute_all(behavior="ignoreErrors")


def test_it_moves_as_smoothly_with_50_symbols_that_change_as_with_none(
    page: Page, address: str, feed: Feed
) -> None:
    assert len(SYMBOLS) == 50
    page.goto(f"{address}/#BTC%2FUSD/1m")
    for name in ("VWAP", "Bollinger", "RSI", "MACD"):
        page.get_by_role("button", name=name).click()
    expect(page.locator("#values")).to_contain_text("macd")
    expect(page.locator("#symbols path[d^=M]")).to_have_count(50)
    start = NOW + (whole_market.MINUTES - 1) * MINUTE
    steps: dict[bool, list[float]] = {False: [], True: []}
    for n in range(20):  # in turn, so that other programs are in the way of both
        changes = n % 2 == 1
        page.evaluate(FRAMES)
        for k in range(2 if changes else 0):
            close = 90.0 + (2 * n + k) / 7
            feed.send(*(candle(name, start=start, close=close, final=False) for name in SYMBOLS))
            page.evaluate(PAUSE)
        if not changes:
            page.evaluate(PAUSE)
            page.evaluate(PAUSE)
        steps[changes] += [after - before for before, after in pairwise(page.evaluate("frames_"))]
    still, moving = (statistics.median(steps[each]) for each in (False, True))
    print(f"median frame {still:.1f} ms still, {moving:.1f} ms with 250 changes a second")
    assert moving < 1.5 * still
