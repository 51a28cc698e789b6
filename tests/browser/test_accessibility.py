"""The whole page, as axe-core judges it."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api.routes import page as routes
from tests.browser import whole_market
from tests.browser.feed import Feed

pytestmark = pytest.mark.browser

AXE = Path(routes.__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
FAULTS = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_no_serious_fault_is_found(
    page: Page, address: str, feed: Feed, scheme: str, width: int
) -> None:
    whole_market.fill(feed)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{address}/#BTC%2FUSD/1m")
    page.get_by_role("button", name="MACD").click()
    expect(page.locator("#values")).to_contain_text("macd")
    expect(page.locator("#correlations th[scope=col]")).to_have_count(len(whole_market.SYMBOLS))
    expect(page.locator("#alerts li")).not_to_have_count(0)
    page.evaluate("document.querySelector('#upload').hidden = false")
    page.evaluate(AXE.read_text())
    assert page.evaluate(FAULTS) == []
