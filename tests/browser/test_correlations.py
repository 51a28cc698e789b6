"""The map of correlations."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from api.records import Correlation
from tests.api.harness import MINUTE, NOW, candle
from tests.browser.feed import Feed

pytestmark = pytest.mark.browser

SYMBOLS = [f"S{n:02}" for n in range(25)]


def correlation(n: int, **others: float | None) -> Correlation:
    return Correlation(SYMBOLS[n], NOW + 60 * MINUTE, 60, 60, others, {"S03": 41}, 0, NOW)


@pytest.fixture(autouse=True)
def _market(feed: Feed) -> None:
    for symbol in SYMBOLS:
        feed.send(*(candle(symbol, start=NOW + n * MINUTE) for n in range(60)))


def give(feed: Feed) -> None:
    for n in range(24):
        others = {other: (n - m) / 25 for m, other in enumerate(SYMBOLS) if m > n}
        feed.send(correlation(n, **others | ({"S02": None, "S03": -0.5} if n == 0 else {})))


def test_without_any_it_says_so(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#correlations .empty")).to_have_text("No correlations yet")


def test_the_first_20_symbols_are_shown_with_the_numbers_of_the_api(
    page: Page, address: str, feed: Feed
) -> None:
    give(feed)
    page.goto(address)
    expect(page.locator("#correlations th[scope=col]")).to_have_text(SYMBOLS[:20])
    expect(page.locator("#correlations th[scope=row]")).to_have_text(SYMBOLS[:20])
    asked: dict[str, str | int] = {"symbols": ",".join(SYMBOLS[:20]), "limit": 190}
    answer = httpx.get(f"{address}/api/correlations", params=asked, trust_env=False).json()
    assert len(answer["pairs"]) == 190
    labels = page.evaluate(
        "[...document.querySelectorAll('#correlations td[aria-label]')].map(e => e.ariaLabel)"
    )
    assert len(labels) == 380
    for pair in answer["pairs"]:
        value = pair["correlation"]
        text = "no correlation" if value is None else f"{value:.2f}"
        label = f"{pair['symbol']} and {pair['other']}: {text}, n = {pair['returns']}"
        assert labels.count(label) == 2


def test_pairs_without_a_correlation_are_hatched(page: Page, address: str, feed: Feed) -> None:
    give(feed)
    page.goto(address)
    cell = page.locator("#correlations td[aria-label^='S00 and S02: no correlation']").first
    expect(cell).to_have_class("none")
    assert "repeating-linear-gradient" in cell.evaluate("e => getComputedStyle(e).backgroundImage")


def test_a_cell_tells_its_value_to_pointer_and_keyboard(
    page: Page, address: str, feed: Feed
) -> None:
    give(feed)
    page.goto(address)
    note = page.locator("#correlations .note")
    page.locator("#correlations td[aria-label^='S00 and S03']").first.hover()
    expect(note).to_have_text("S00 and S03: -0.50, n = 41")
    stops = page.locator("#correlations td[tabindex='0']")
    expect(stops).to_have_count(1)
    stops.focus()
    expect(note).to_contain_text("S00 and S01")
    page.keyboard.press("ArrowDown")  # over the diagonal
    expect(note).to_contain_text("S01 and S02")
    page.keyboard.press("ArrowRight")  # and again
    expect(note).to_contain_text("S02 and S03")
    page.keyboard.press("ArrowUp")
    expect(note).to_contain_text("S01 and S03")
    expect(page.locator("#correlations td[tabindex='0']")).to_have_count(1)


def test_symbols_without_returns_are_left_out(page: Page, address: str, feed: Feed) -> None:
    feed.send(correlation(1, S04=0.5), correlation(4, S24=0.25))
    page.goto(address)
    expect(page.locator("#correlations th[scope=col]")).to_have_text(["S01", "S04", "S24"])
    expect(page.locator("#correlations td[aria-label]")).to_have_count(4)


def test_of_many_symbols_only_those_are_asked_for_that_are_shown(
    page: Page, address: str, feed: Feed
) -> None:
    for n in range(120):
        feed.send(candle(f"T{n:03}", start=NOW), candle(f"T{n:03}", start=NOW + 59 * MINUTE))
    give(feed)
    with page.expect_request(re.compile("/api/correlations.symbols=S00%2C")):
        page.goto(address)
    expect(page.locator("#correlations th[scope=col]")).to_have_text(SYMBOLS[:20])
