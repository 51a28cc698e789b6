"""The page of a report: one file, whatever was profiled, that a browser shows without complaint."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from scripts.profiling import page
from scripts.profiling.files import Files
from scripts.profiling.profile import profile
from scripts.profiling.terms import Terms
from tests.browser.test_accessibility import AXE, FAULTS
from tests.scripts.profiling.makers import LATEST_MS, recording, write_ndjson

ODD = "$<b>&\"'日本"


def rendered(rows: list[dict[str, Any]], folder: Path, **terms: Any) -> Path:
    out = folder / "out"
    out.mkdir()
    files = Files(str(write_ndjson(rows, folder / "<odd & $name>.ndjson")), LATEST_MS)
    made = profile(files, Terms(**terms), out, folder)
    path = out / "report.html"
    path.write_text(page.render(made.report, made.drawn), "utf-8")
    return path


def odd(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, those of one symbol under an odd name, and a row that is none."""
    renamed = [{**row, "symbol": ODD} if row["symbol"] == "ETHUSDT" else row for row in rows]
    return [*renamed, {**rows[0], "side": "<i>"}]


@pytest.mark.parametrize("count", [0, 1, 2, 30, 2_000])
def test_it_is_one_file_that_asks_for_no_other(tmp_path: Path, count: int) -> None:
    rows = recording(count=max(count, 5))[:count]
    text = rendered(odd(rows) if rows else [], tmp_path).read_text("utf-8")
    assert "default-src 'none'" in text
    assert not re.search(r"<(?:link|img|iframe|script src|object)\b", text)
    links = set(re.findall(r"\b(?:https?:)?//[\w.]+", text))
    assert links <= {"http://www.w3.org"}  # namespaces
    assert "url(#" not in text.replace('clip-path="url(#', "")
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(set(ids)) == len(ids)


def test_what_was_read_is_text_and_nothing_else(tmp_path: Path) -> None:
    text = rendered(odd(recording(count=600)), tmp_path).read_text("utf-8")
    assert "$&lt;b&gt;&amp;&#34;&#39;日本" in text
    assert "<b>" not in text
    assert "&lt;odd &amp; $name&gt;" in text


def test_the_same_report_is_the_same_page(tmp_path: Path) -> None:
    rows = recording(count=600)
    pages = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        text = rendered(rows, tmp_path / name).read_text("utf-8")
        pages.append(text.replace(str(tmp_path / name), ""))
    assert pages[0] == pages[1]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_a_browser_shows_it_without_complaint(
    browser: Browser, tmp_path: Path, scheme: Any, width: int
) -> None:
    path = rendered(odd(recording()), tmp_path)
    # The policy of the page lets nothing in but itself; axe is put in from outside.
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    context.set_default_timeout(10_000)
    shown = context.new_page()
    complaints: list[str] = []
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.on(
        "request",
        lambda asked: None if asked.url == path.as_uri() else complaints.append(asked.url),
    )
    shown.goto(path.as_uri())
    assert shown.title().startswith("Quality of ")
    wide, narrow = (shown.locator(f"figure > .{name}") for name in ("wide", "narrow"))
    assert wide.first.is_visible() == (width > 700)
    assert narrow.first.is_visible() == (width < 700)
    assert shown.evaluate("document.documentElement.scrollWidth") == width

    def column(number: int) -> list[str]:
        cells = shown.locator(f"#symbols tbody tr > :nth-child({number})")
        return cells.evaluate_all("cells => cells.map(cell => cell.dataset.value)")  # type: ignore[no-any-return]

    trades = list(map(int, column(2)))
    assert trades == sorted(trades, reverse=True)
    shown.get_by_role("button", name="trades", exact=True).click()
    assert list(map(int, column(2))) == sorted(trades)
    shown.get_by_role("button", name="symbol", exact=True).click()
    names = column(1)
    assert ODD in names
    shown.get_by_role("button", name="symbol", exact=True).click()
    assert column(1) == names[::-1]
    shown.evaluate(AXE.read_text())
    assert shown.evaluate(FAULTS) == []
    context.close()
    assert complaints == []
