"""Indicators over the candles and in panes of their own."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.api.harness import MINUTE, NOW, candle
from tests.browser.feed import Feed
from tests.browser.makers import indicators

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _market(feed: Feed) -> None:
    feed.send(*(candle(start=NOW + n * MINUTE) for n in range(60)))
    feed.send(*(indicators(NOW + n * MINUTE, float(n)) for n in range(60)))


def expect_panes(page: Page, count: int) -> None:
    """Wait until the chart has so many panes: a row each, separators between, the time scale."""
    expect(page.locator("#chart table tr")).to_have_count(2 * count)


def test_the_chosen_ones_are_shown_with_the_numbers_of_the_api(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#legend")).to_contain_text("final")
    expect(page.locator("#toggles button")).to_have_text(["VWAP", "Bollinger", "RSI", "MACD"])
    expect(page.locator("#values")).to_be_empty()
    for name in ("VWAP", "Bollinger", "RSI", "MACD"):
        page.get_by_role("button", name=name).click()
    found = httpx.get(f"{address}/api/indicators/BTC%2FUSD", trust_env=False).json()["indicators"]
    for name, value in found[-1]["values"].items():
        text = f"{name.replace('_', ' ')} {value:.2f}"
        if name in ("sma_20", "ema_20", "atr_14", "vwap_20"):
            expect(page.locator("#values")).not_to_contain_text(text)
        else:
            expect(page.locator("#values")).to_contain_text(text)


def test_rsi_and_macd_have_panes_of_their_own(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#legend")).to_contain_text("final")
    expect(page.locator("#message")).to_be_empty()
    expect_panes(page, 2)  # prices and volume
    for name, panes in (("VWAP", 2), ("RSI", 3), ("MACD", 4), ("RSI", 3)):
        page.get_by_role("button", name=name).click()
        expect_panes(page, panes)


def test_they_follow_the_stream_and_corrections(page: Page, address: str, feed: Feed) -> None:
    page.goto(address)
    page.get_by_role("button", name="RSI").click()
    expect(page.locator("#values")).to_contain_text("rsi 9 59.00")
    feed.send(indicators(NOW + 59 * MINUTE, 61.5, updated_at=NOW + 1))
    expect(page.locator("#values")).to_contain_text("rsi 9 61.50")
    feed.send(indicators(NOW + 59 * MINUTE, 1.5, updated_at=NOW))  # an older one, again
    feed.send(candle(start=NOW + 60 * MINUTE))
    feed.send(indicators(NOW + 60 * MINUTE, None))
    expect(page.locator("#values")).to_contain_text("rsi 9 –")  # noqa: RUF001


def test_what_is_chosen_is_kept_and_streamed_only_then(page: Page, address: str) -> None:
    with page.expect_request(re.compile(r"/stream\?.*candles")) as request:
        page.goto(address)
    assert "indicators" not in request.value.url
    with page.expect_request(re.compile(r"/stream\?.*indicators\.1m")):
        page.get_by_role("button", name="MACD").click()
    expect(page.locator("#values")).to_contain_text("macd 5 13 1.25")
    page.reload()
    expect(page.get_by_role("button", name="MACD")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="RSI")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#values")).to_contain_text("macd 5 13 1.25")


def test_where_there_are_none_it_says_so(page: Page, address: str) -> None:
    page.goto(f"{address}/#BTC%2FUSD/4h")
    page.get_by_role("button", name="RSI").click()
    expect(page.locator("#values")).to_have_text("No indicators yet")
