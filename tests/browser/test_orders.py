"""Order flow and the book."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from api.records import Level
from tests.api.harness import MINUTE, NOW, book, candle, flow
from tests.browser.feed import Feed

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _market(feed: Feed) -> None:
    feed.send(*(candle(start=NOW + n * MINUTE) for n in range(60)))


def value(page: Page, name: str) -> str:
    return page.locator(f"[data-value='{name}']").inner_text()


def test_where_no_orders_come_it_says_so(page: Page, address: str) -> None:
    page.goto(address)
    for panel in ("#book", "#flow"):
        expect(page.locator(f"{panel} .empty")).to_have_text("No orders come")
        expect(page.locator(f"{panel} .body")).to_be_hidden()


def test_the_flow_of_the_last_hour_is_added_up(page: Page, address: str, feed: Feed) -> None:
    feed.send(*(flow(NOW + n * MINUTE) for n in range(90)))
    page.goto(address)
    rows = httpx.get(f"{address}/api/order-flow/BTC%2FUSD?limit=60", trust_env=False).json()
    bought, sold = (
        sum(row[f"{side}_quantity"] for row in rows["order_flow"]) for side in ("buy", "sell")
    )
    expect(page.locator("[data-value='buy']")).to_have_text(f"{bought:.0f}")
    assert value(page, "sell") == f"{sold:.0f}"
    assert value(page, "imbalance") == f"{(bought - sold) / (bought + sold):.2f}"
    assert value(page, "cancels") == "0.50"
    assert value(page, "filled") == "0.00"
    assert value(page, "minute") == "5 / 0.5"
    expect(page.locator("#flow rect.buy")).to_have_count(60)
    expect(page.locator("#flow rect.sell").last).to_have_attribute("height", "5")


def test_the_flow_moves_with_the_stream(page: Page, address: str, feed: Feed) -> None:
    feed.send(flow(NOW, final=False))
    page.goto(address)
    expect(page.locator("[data-value='buy']")).to_have_text("5")
    feed.send(flow(NOW + MINUTE, final=False))
    expect(page.locator("[data-value='buy']")).to_have_text("10")
    feed.send(flow(NOW + MINUTE, final=True))
    feed.send(flow(NOW + 61 * MINUTE, final=False))  # more than an hour after the first
    expect(page.locator("#flow rect.buy")).to_have_count(1)


def test_the_book_has_the_levels_of_the_api(page: Page, address: str, feed: Feed) -> None:
    full = book()
    full.bids = [Level(101.5 - n / 2, 0.5 + n, 2) for n in range(5)]
    full.asks = [Level(102.25 + n / 4, 0.25, 1) for n in range(3)]
    full.spread, full.mid, full.imbalance = 0.75, 101.875, 0.9
    feed.send(full)
    page.goto(address)
    rows = page.locator("#book tbody tr")
    expect(rows).to_have_count(5)
    answer = httpx.get(f"{address}/api/book/BTC%2FUSD", trust_env=False).json()
    for n, bid in enumerate(answer["bids"]):
        expect(rows.nth(n).locator("td").nth(0)).to_have_text(f"{bid['quantity']:g}")
        expect(rows.nth(n).locator("td").nth(1)).to_have_text(f"{bid['price']:.2f}")
    for n, ask in enumerate(answer["asks"]):
        expect(rows.nth(n).locator("td").nth(2)).to_have_text(f"{ask['price']:.2f}")
        expect(rows.nth(n).locator("td").nth(3)).to_have_text(f"{ask['quantity']:g}")
    expect(rows.nth(4).locator("td").nth(2)).to_be_empty()
    assert value(page, "spread") == "0.75"
    assert value(page, "mid") == "101.875"
    assert value(page, "book-imbalance") == "0.90"
    assert value(page, "open-orders") == "2"


def test_the_book_moves_with_the_stream_and_may_have_one_side(
    page: Page, address: str, feed: Feed
) -> None:
    feed.send(book())
    page.goto(address)
    expect(page.locator("#book tbody td").nth(1)).to_have_text("101.50")
    assert value(page, "spread") == "–"  # noqa: RUF001
    feed.send(book(best_bid=99.75))
    expect(page.locator("#book tbody td").nth(1)).to_have_text("99.75")


def test_another_symbol_has_other_orders(page: Page, address: str, feed: Feed) -> None:
    feed.send(candle("ETH/USD"))
    feed.send(book())
    page.goto(address)
    expect(page.locator("#book tbody td").nth(1)).to_have_text("101.50")
    page.get_by_role("button", name="ETH/USD").click()
    expect(page.locator("#book .empty")).to_have_text("No orders come")
