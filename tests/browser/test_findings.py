"""Anomalies, gaps and prices far off: on the chart, and in a list."""

import pytest
from playwright.sync_api import Page, expect

from tests.api.harness import MINUTE, NOW, candle
from tests.browser.feed import Feed
from tests.browser.makers import anomaly, fat_finger, gap, outage, rare_return

pytestmark = pytest.mark.browser

ANOMALY = "price 101.2 is 4.1 deviations from the mean 99.8 of the last 100 trades"
RETURN = (
    "return of the 1m candle -1.23% is 6.2 deviations from the median 0.01% of the last 60 candles"
)
FAT_FINGER = "price 912 is 803% above the mean 101 of the last 100 trades"
GAP = "no trade for 6.2 s; the whole partition was silent for 6.2 s"


@pytest.fixture(autouse=True)
def _market(feed: Feed) -> None:
    feed.send(*(candle(start=NOW + n * MINUTE) for n in range(60)))


def test_the_list_says_why_each_stands_out_the_newest_first(
    page: Page, address: str, feed: Feed
) -> None:
    feed.send(fat_finger(), gap(), outage())
    feed.send(rare_return(), anomaly())
    page.goto(address)
    rows = page.locator("#findings button")
    expect(rows).to_have_text(
        [
            f"00:59:00gap{GAP}",
            f"00:58:05major{ANOMALY}",
            f"00:57:00minor{RETURN}",
            f"00:56:00critical{FAT_FINGER}",
        ]
    )


def test_what_comes_over_the_stream_is_added_once(page: Page, address: str, feed: Feed) -> None:
    page.goto(address)
    expect(page.locator("#no-findings")).to_have_text("Nothing stands out")
    feed.send(anomaly())
    expect(page.locator("#findings button")).to_have_count(1)
    feed.send(anomaly(), anomaly(NOW + 59 * MINUTE, 102.5))
    expect(page.locator("#findings button")).to_have_count(2)
    feed.send(fat_finger())
    expect(page.locator("#findings button")).to_have_count(3)
    feed.send(outage(), gap())
    expect(page.locator("#findings button", has_text=GAP)).to_have_count(1)
    expect(page.locator("#no-findings")).to_be_empty()


def test_a_quiet_market_is_told_from_an_outage(page: Page, address: str, feed: Feed) -> None:
    feed.send(gap())
    page.goto(address)
    expect(page.locator("#findings button")).to_contain_text("the rest of the partition went on")


def test_a_finding_is_reached_and_shown_with_the_keyboard(
    page: Page, address: str, feed: Feed
) -> None:
    feed.send(anomaly())
    page.goto(address)
    row = page.locator("#findings button")
    expect(row).to_have_count(1)
    expect(page.locator("#note")).to_be_hidden()
    row.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#note")).to_have_text(ANOMALY)
    expect(row).to_be_focused()


def test_the_pointer_on_a_candle_tells_what_stands_out_in_it(
    page: Page, address: str, feed: Feed
) -> None:
    feed.send(*(anomaly(NOW + 40 * MINUTE + n, 110.0 + n) for n in range(5)))
    page.goto(address)
    expect(page.locator("#findings button")).to_have_count(5)
    box = page.locator("#chart").bounding_box()
    assert box is not None
    note = page.locator("#note")
    for x in range(int(box["width"]) - 80, 0, -4):
        page.mouse.move(box["x"] + x, box["y"] + box["height"] / 3)
        if note.is_visible():
            break
    expect(page.locator("#legend")).to_contain_text("2026-01-01 00:40:00")
    expect(note).to_contain_text("price 114 is 4.1 deviations")
    expect(note).to_contain_text("and 2 more")


def test_markers_are_drawn_in_the_chart(page: Page, address: str, feed: Feed) -> None:
    page.goto(address)
    expect(page.locator("#legend")).to_contain_text("final")
    before = page.locator("#chart").screenshot()
    feed.send(anomaly(NOW + 59 * MINUTE))
    expect(page.locator("#findings button")).to_have_count(1)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    assert page.locator("#chart").screenshot() != before
