"""Alerts of all symbols."""

import pytest
from playwright.sync_api import Page, expect

from tests.api.harness import alert, candle
from tests.browser.feed import Feed

pytestmark = pytest.mark.browser


def test_they_are_listed_newest_first_and_lead_to_their_symbol(
    page: Page, address: str, feed: Feed
) -> None:
    feed.send(candle("BTC/USD"), candle("ETH/USD"))
    page.goto(address)
    expect(page.locator("#no-alerts")).to_have_text("No alerts")
    feed.send(alert(1), alert(2_000, symbol="ETH/USD"))
    rows = page.locator("#alerts button")
    expect(rows).to_have_text(
        [
            "01-01 00:00:02 price shock: ETH/USD price z -7.24 reached 6",
            "01-01 00:00:00 price shock: BTC/USD price z -7.24 reached 6",
        ]
    )
    rows.first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#symbol")).to_have_text("ETH/USD")
    feed.send(alert(3_000))
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_be_focused()  # it stays, one row below
