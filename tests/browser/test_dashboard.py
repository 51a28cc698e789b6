"""The page in a real browser, over a service filled by hand."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from api.records import INTERVALS
from api.service import Service
from tests.api.harness import (
    MINUTE,
    NOW,
    Clock,
    HandReader,
    candle,
    dead_letter,
    make_service,
    served,
)
from tests.browser.conftest import Console
from tests.browser.feed import Feed

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _market(feed: Feed) -> None:
    fill(feed)


def fill(feed: Feed, last: float = 101.25) -> None:
    """Two symbols, an hour of minutes of each, the last one forming, and a candle of 5 minutes."""
    for symbol in ("BTC/USD", "ETH/USD"):
        feed.send(*(candle(symbol, start=NOW + n * MINUTE) for n in range(60)))
        feed.send(candle(symbol, start=NOW + 60 * MINUTE, close=last, final=False))
        feed.send(candle(symbol, "5m", NOW, close=105.75, length=5 * MINUTE))
    feed.send(*(dead_letter(offset) for offset in range(1_234)))


def test_the_page_shows_the_numbers_of_the_api(page: Page, address: str) -> None:
    page.goto(address)
    quote = httpx.get(f"{address}/api/symbols", trust_env=False).json()["symbols"][0]
    expect(page.locator("#symbol")).to_have_text("BTC/USD")
    expect(page.locator("#last")).to_have_text(f"{quote['last']:.2f}")
    expect(page.locator("#change")).to_have_text(f"{quote['change']:+.2%}")
    expect(page.locator("#symbols li")).to_have_text(["BTC/USD101.25+1.25%", "ETH/USD101.25+1.25%"])
    expect(page.locator("#legend")).to_contain_text("C 101.25")
    expect(page.locator("#legend")).to_contain_text("2026-01-01 01:00:00")
    expect(page.locator("#legend")).to_contain_text("forming")
    expect(page.locator("#state")).to_have_text("Ready")
    expect(page.locator("#freshness")).to_have_text("0.0 s")
    expect(page.locator("#dead-letters")).to_have_text("1,234")
    expect(page.locator("#chart canvas").first).to_be_visible()
    expect(page.locator("#message")).to_be_empty()


def test_the_forming_candle_moves(page: Page, address: str, feed: Feed) -> None:
    page.goto(address)
    legend = page.locator("#legend")
    expect(legend).to_contain_text("C 101.25")
    for close in (101.5, 98.75):
        feed.send(candle(start=NOW + 60 * MINUTE, close=close, final=False))
        expect(legend).to_contain_text(f"C {close:.2f}")
    feed.send(candle(start=NOW + 60 * MINUTE, close=99.5, final=True))
    expect(legend).to_contain_text("final")
    feed.send(candle(start=NOW + 61 * MINUTE, close=100.25, final=False))
    expect(legend).to_contain_text("2026-01-01 01:01:00")
    feed.send(candle(start=NOW + 61 * MINUTE, close=100.5, revision=2))
    expect(legend).to_contain_text("corrected (2)")


def test_it_moves_at_least_five_times_a_second(page: Page, address: str, feed: Feed) -> None:
    page.goto(address)
    expect(page.locator("#legend")).to_contain_text("C 101.25")
    page.evaluate(
        """() => {
            window.seen = [];
            new MutationObserver(() => {
                const text = document.querySelector("#legend").textContent;
                if (seen.at(-1)?.[1] !== text) seen.push([performance.now(), text]);
            }).observe(document.querySelector("#legend"), { childList: true, subtree: true });
        }"""
    )
    for n in range(20):
        before = page.evaluate("seen.length")
        feed.send(candle(start=NOW + 60 * MINUTE, close=90.0 + n, final=False))
        page.wait_for_function("before => seen.length > before", arg=before)
    times = [time for time, _ in page.evaluate("seen")]
    assert (len(times) - 1) / (times[-1] - times[0]) * 1000 >= 5


def test_a_candle_of_the_past_is_corrected_in_its_place(
    page: Page, address: str, feed: Feed
) -> None:
    page.goto(address)
    expect(page.locator("#legend")).to_contain_text("C 101.25")
    expect(page.locator("#no-findings")).to_have_text("Nothing stands out")  # the stream is there
    feed.send(candle(start=NOW + 59 * MINUTE, close=55.5, revision=1))
    feed.send(candle(start=NOW + 59 * MINUTE, close=77.0, revision=0))  # an older one, again
    feed.send(candle(start=NOW - 3 * MINUTE, close=44.0, revision=1))  # where there was none
    feed.send(candle(start=NOW + 60 * MINUTE, close=101.5, final=False))
    expect(page.locator("#legend")).to_contain_text("C 101.50")
    point_at_candle(page, 1)
    expect(page.locator("#legend")).to_contain_text("C 55.50")
    expect(page.locator("#legend")).to_contain_text("corrected (1)")


def point_at_candle(page: Page, back: int) -> None:
    """Move the pointer from the newest candle to the left until the legend is of another one."""
    box = page.locator("#chart").bounding_box()
    assert box is not None
    legend = page.locator("#legend b").first
    newest = legend.inner_text()
    seen = {newest}
    for x in range(int(box["width"]) - 80, 0, -3):
        page.mouse.move(box["x"] + x, box["y"] + box["height"] / 3)
        seen.add(legend.inner_text())
        if len(seen) > back:
            return
    raise AssertionError(f"no candle before {newest}")


def test_history_is_asked_for_once(page: Page, address: str, feed: Feed) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    expect(page.locator("#legend")).to_contain_text("C 101.25")
    feed.send(candle(start=NOW + 60 * MINUTE, close=101.5, final=False))
    expect(page.locator("#legend")).to_contain_text("C 101.50")
    with page.expect_response(re.compile("/health")):
        pass
    assert len([url for url in asked if "/api/candles/" in url]) == 1
    assert len([url for url in asked if "/stream?" in url and "candles.1m" in url]) == 1


def test_a_stream_asks_only_for_what_is_shown(page: Page, address: str) -> None:
    with page.expect_request(re.compile(r"/stream\?.*candles")) as request:
        page.goto(f"{address}/#ETH%2FUSD/5m")
    query = parse_qs(urlsplit(request.value.url).query)
    assert query["symbols"] == ["ETH/USD"]
    assert "candles.5m" in query["channels"][0].split(",")
    assert "candles.1m" not in query["channels"][0].split(",")


def test_a_stream_that_is_refused_is_opened_again(
    page: Page, address: str, feed: Feed, console: Console
) -> None:
    refused: list[str] = []

    def refuse(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.fulfill(status=503)

    page.route(re.compile(r"/stream\?.*candles"), refuse)
    page.goto(address)
    expect(page.locator("#legend")).to_contain_text("C 101.25")  # history comes all the same
    feed.send(candle(start=NOW + 60 * MINUTE, close=98.5, final=False))
    expect(page.locator("#legend")).to_contain_text("C 98.50")
    assert refused
    page.goto("about:blank")
    console.complaints = [each for each in console.complaints if "503" not in each]


def test_a_stream_that_does_not_come_is_said(page: Page, address: str, console: Console) -> None:
    page.route(re.compile(r"/stream\?"), lambda route: route.fulfill(status=429))
    page.goto(address)
    expect(page.locator("#state")).to_have_text("Not live")
    expect(page.locator("#legend")).to_contain_text("C 101.25")  # history comes all the same
    page.goto("about:blank")
    console.complaints = [each for each in console.complaints if "429" not in each]


def test_a_hidden_page_follows_nothing_and_goes_on_where_it_was(
    page: Page, address: str, feed: Feed
) -> None:
    page.goto(address)
    expect(page.locator("#no-findings")).to_have_text("Nothing stands out")
    show = """hidden => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(show, True)
    feed.send(candle(start=NOW + 60 * MINUTE, close=98.5, final=True))
    feed.send(candle(start=NOW + 61 * MINUTE, close=97.5, final=False))
    expect(page.locator("#legend")).to_contain_text("C 101.25")
    with page.expect_request(re.compile(r"/stream\?.*candles.*cursor=.")):
        page.evaluate(show, False)
    expect(page.locator("#legend")).to_contain_text("C 97.50")
    point_at_candle(page, 1)
    expect(page.locator("#legend")).to_contain_text("C 98.50")


def test_after_a_gap_history_is_asked_for_again(page: Page, address: str, feed: Feed) -> None:
    page.goto(address)
    expect(page.locator("#no-findings")).to_have_text("Nothing stands out")
    # What is missed is in memory, but never comes over the stream.
    feed.service.store.put([candle(start=NOW + 60 * MINUTE, close=96.5, final=True)])
    with page.expect_request(re.compile("/api/candles/")):
        feed.service.hub.begin("candles", 0, feed.offsets["candles"] + 10)
        feed.offsets["candles"] += 10
        feed.send(candle(start=NOW + 61 * MINUTE, close=95.5, final=False))
    expect(page.locator("#legend")).to_contain_text("C 95.50")
    point_at_candle(page, 1)
    expect(page.locator("#legend")).to_contain_text("C 96.50")


def test_everything_can_be_reached_with_the_keyboard(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#symbols button")).to_have_count(2)
    page.get_by_role("radio", name="1m", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="5m", exact=True)).to_be_checked()
    expect(page.locator("#legend")).to_contain_text("C 105.75")
    page.get_by_role("searchbox").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#symbol")).to_have_text("ETH/USD")
    expect(page.get_by_role("button", name="ETH/USD")).to_be_focused()
    assert urlsplit(page.url).fragment == "ETH%2FUSD/5m"


def test_the_address_keeps_what_was_chosen(page: Page, address: str) -> None:
    page.goto(f"{address}/#ETH%2FUSD/5m")
    expect(page.locator("#symbol")).to_have_text("ETH/USD")
    expect(page.locator("#legend")).to_contain_text("C 105.75")


def test_every_interval_can_be_chosen_and_an_empty_one_says_so(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#intervals label")).to_have_text(list(INTERVALS))
    page.get_by_text("4h", exact=True).click()
    expect(page.locator("#message")).to_have_text("No 4h candles of BTC/USD yet")


def test_symbols_are_found_by_a_part_of_them(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("searchbox").fill("eth")
    expect(page.locator("#symbols b")).to_have_text(["ETH/USD"])
    expect(page.locator("#symbol")).to_have_text("BTC/USD")  # searching chooses nothing
    expect(page.locator("#count")).to_have_text("1 symbol")


def test_it_says_why_the_service_is_not_ready(page: Page, address: str, service: Service) -> None:
    assert isinstance(service.clock, Clock)
    service.clock.now = NOW + 3_600_000
    page.goto(address)
    expect(page.locator("#state")).to_have_text("Not ready")
    expect(page.locator("#state")).to_have_attribute("title", re.compile("3600000 ms old"))
    expect(page.locator("#freshness")).to_have_text("60 min")


def test_it_recovers_by_itself_when_the_service_restarts(page: Page, console: Console) -> None:
    before, after = (Feed(make_service(Clock(), HandReader())) for _ in range(2))
    fill(before)
    before.read_all()
    with served(before.service) as first:
        page.goto(first)
        expect(page.locator("#last")).to_have_text("101.25")
        expect(page.locator("#legend")).to_contain_text("C 101.25")
    expect(page.locator("#state")).to_have_text("Service away")
    with served(after.service, urlsplit(first).port or 0):
        expect(page.locator("#count")).to_have_text("0 symbols")  # it still reads
        fill(after)
        after.send(candle(start=NOW + 60 * MINUTE, close=98.5, final=True))
        after.send(candle(start=NOW + 61 * MINUTE, close=99.75, final=False))
        after.read_all()
        expect(page.locator("#state")).to_have_text("Ready")
        expect(page.locator("#last")).to_have_text("99.75")
        expect(page.locator("#legend")).to_contain_text("C 99.75", timeout=15_000)
        point_at_candle(page, 1)
        expect(page.locator("#legend")).to_contain_text("C 98.50")  # it came while none listened
        page.goto("about:blank")
    # The browser itself reports each connection that was refused; nothing else may be there.
    console.complaints = [each for each in console.complaints if "net::ERR_" not in each]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(360, 740), (768, 1024), (1440, 900), (3840, 2160)])
def test_it_fits_every_screen_in_both_schemes(
    page: Page, address: str, scheme: str, width: int, height: int
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": height})
    page.goto(address)
    expect(page.locator("#legend")).to_contain_text("C 101.25")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    chart = page.locator("#chart canvas").first.bounding_box()
    assert chart is not None
    assert chart["height"] > 150
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(re.findall(r"\d+", ground)[0])
    assert (red < 60) == (scheme == "dark")
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('body *')].filter(e => e.innerText)"
        ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= 11


def test_a_missing_chart_library_is_said_on_the_page(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.route("**/static/vendor/*", lambda route: route.fulfill(status=404))
    page.goto(address)
    expect(page.locator("#message")).to_contain_text("run npm ci in the folder api")
    expect(page.locator("#last")).to_have_text("101.25")  # the rest of the page works
    page.close()


def test_the_documentation_lists_the_routes_without_another_host(page: Page, address: str) -> None:
    page.goto(f"{address}/docs")
    expect(page.locator("[data-path='/api/candles/{symbol}']").first).to_be_visible()
