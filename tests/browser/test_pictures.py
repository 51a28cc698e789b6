"""The pictures of the README: ``python -m pytest tests/browser/test_pictures.py --pictures``."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import whole_market
from tests.browser.feed import Feed

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
MOST_BYTES = 300_000


@pytest.mark.parametrize(
    ("name", "scheme", "width", "height"),
    [
        ("light", "light", 1300, 1150),
        ("dark", "dark", 1300, 1150),
        ("phone", "light", 360, 780),
    ],
)
def test_pictures_are_small(
    page: Page,
    address: str,
    feed: Feed,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    name: str,
    scheme: str,
    width: int,
    height: int,
) -> None:
    whole_market.fill(feed)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{address}/#BTC%2FUSD/1m")
    for indicator in ("Bollinger", "RSI", "MACD") if width > 1_000 else ("VWAP",):
        page.get_by_role("button", name=indicator).click()
    expect(page.locator("#values")).not_to_be_empty()
    expect(page.locator("#correlations th[scope=col]")).to_have_count(len(whole_market.SYMBOLS))
    expect(page.locator("#alerts li")).not_to_have_count(0)
    expect(page.locator("#findings li")).not_to_have_count(0)
    page.evaluate("document.activeElement.blur()")
    folder = PICTURES if request.config.getoption("--pictures", default=False) else tmp_path
    path = folder / f"dashboard-{name}.png"
    page.screenshot(path=path, animations="disabled")
    assert path.stat().st_size < MOST_BYTES
