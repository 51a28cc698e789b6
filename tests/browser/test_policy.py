"""The policies of security in a real browser: nothing is blocked that is needed."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from api.service import Service
from tests.api.harness import NOW, candle, served
from tests.api.security.harness import guarded, issue
from tests.browser.conftest import Console

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_needs_nothing_written_into_itself(
    page: Page, address: str, service: Service, console: Console, path: str
) -> None:
    policy = httpx.get(f"{address}{path}", trust_env=False).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    service.store.put([candle(start=NOW)])
    page.goto(f"{address}{path}")
    if path == "/":
        expect(page.locator("#chart canvas").first).to_be_visible()
        expect(page.locator("#last")).to_have_text("101.50")
    else:
        expect(page.locator(".title").first).to_have_text(re.compile("Tapeline"))
        page.get_by_text("/api/candles/{symbol}", exact=True).click()
        page.get_by_role("button", name="Try it out").click()
        expect(page.get_by_role("button", name="Execute")).to_be_visible()
    assert console.complaints == []
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate(
            "const style = document.createElement('style');"
            "style.textContent = 'a {}'; document.head.append(style)"
        )
    console.complaints.clear()


def test_a_service_with_keys_is_opened_by_one(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    key = issue(file, "read")
    service = guarded(file)
    service.store.put([candle(start=NOW)])
    with served(service) as address:
        page = browser.new_page()
        page.goto(address)
        expect(page.locator("#login")).to_be_visible()
        page.get_by_label("API key").fill("tl_wrong")
        page.get_by_role("button", name="Open").click()
        expect(page.locator("#login [role=alert]")).to_contain_text("a good key is needed")
        page.get_by_label("API key").fill(key)
        page.get_by_role("button", name="Open").click()
        expect(page.locator("#login")).to_be_hidden()
        expect(page.locator("#last")).to_have_text("101.50")
        assert page.evaluate("document.cookie") == "", "a script sees the session"
        page.close()
