"""The line of health, and the small lines of the symbols."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from api.records import DECODE
from tests.api.harness import MINUTE, NOW, HandReader, account, candle, source
from tests.browser.feed import Feed

pytestmark = pytest.mark.browser


def give(feed: Feed, symbols: int) -> None:
    for n in range(symbols):
        name = f"S{n:02}"
        feed.send(*(candle(name, start=NOW + m * MINUTE, close=100.0 + m) for m in range(40)))
        feed.send(candle(name, start=NOW + 40 * MINUTE, close=90.0, final=False))


def test_late_records_and_lag_are_shown(page: Page, address: str, feed: Feed) -> None:
    give(feed, 1)
    feed.send(account(DECODE, source(records=5_000)), account(0, source(late=1_200)))
    reader = feed.service.reader
    assert isinstance(reader, HandReader)
    reader.reading = replace(reader.reading, lag={"candles": 2_000, "ledger": 345})
    page.goto(address)
    expect(page.locator("#late")).to_have_text("1,200")
    expect(page.locator("#lag")).to_have_text("2,345")


def test_throughput_is_taken_between_two_looks(page: Page, address: str, feed: Feed) -> None:
    give(feed, 1)
    feed.send(account(DECODE, source(records=5_000), updated_at=NOW))
    page.goto(address)
    expect(page.locator("#late")).to_have_text("0")
    expect(page.locator("#throughput")).to_have_text("–")  # noqa: RUF001
    feed.send(account(DECODE, source(records=65_000), updated_at=NOW + 4_000))
    expect(page.locator("#throughput")).to_have_text("15K/s")


def test_every_listed_symbol_has_a_line_of_one_request(
    page: Page, address: str, feed: Feed
) -> None:
    give(feed, 50)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    paths = page.locator("#symbols path[d^=M]")
    expect(paths).to_have_count(50)
    expect(paths.first).to_have_attribute("d", re.compile(r"^M0\.0,[\d.]+(L[\d.,]+){30}$"))
    first = paths.first.get_attribute("d")
    assert first
    assert first.endswith("L100.0,19.0")  # the lowest of all
    assert len([url for url in asked if "finals.1m" in url]) == 1
    feed.send(candle("S00", start=NOW + 40 * MINUTE, close=150.0, final=False))
    expect(paths.first).to_have_attribute("d", re.compile(r"L100\.0,1\.0$"))
