"""The files behind the page."""

import json
import re
from pathlib import Path

import httpx
import pytest

from api.routes import page

API = Path(page.__file__).parents[1]


def test_the_page_and_everything_it_links_to_is_served(client: httpx.Client) -> None:
    response = client.get("/")
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in response.headers["content-security-policy"]
    links = set(re.findall(r'(?:href|src)="(/[^"]*)"', response.text))
    assert links
    for link in links - {"/metrics"}:
        assert client.get(link).status_code == 200, link
    for name in page.STATIC.glob("*.js"):
        script = client.get(f"/static/{name.name}")
        assert script.headers["content-type"].startswith("text/javascript")


def test_only_the_files_the_page_needs_are_served_from_npm(client: httpx.Client) -> None:
    library = client.get("/static/vendor/lightweight-charts.mjs")
    assert library.headers["content-type"].startswith("text/javascript")
    assert "Apache License" in client.get("/static/vendor/lightweight-charts.LICENSE").text
    assert client.get("/static/vendor/package.json").status_code == 404


def test_the_documentation_loads_from_no_other_host(client: httpx.Client) -> None:
    docs = client.get("/docs").text
    links = re.findall(r'(?:src|href)="([^"]+)"', docs)
    assert "/static/vendor/swagger-ui.js" in links
    for link in links:
        assert link.startswith("/"), link
        assert client.get(link).status_code == 200, link


def test_a_library_that_is_missing_is_named(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert not page.missing()
    gone = tmp_path / "none.mjs"
    monkeypatch.setitem(page.VENDOR, "lightweight-charts.mjs", (gone, "text/javascript"))
    assert page.missing() == [gone]
    assert client.get("/static/vendor/lightweight-charts.mjs").status_code == 404


def test_the_packages_are_pinned_by_hash_and_to_no_registry() -> None:
    wanted = json.loads((API / "package.json").read_text())["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    locked = json.loads((API / "package-lock.json").read_text())["packages"]
    for path, package in locked.items():
        assert "resolved" not in package
        assert not path or package["integrity"].startswith("sha512-")


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize("text", ["text", "quiet", "up", "down", "warn"])
@pytest.mark.parametrize("ground", ["ground", "surface", "chosen"])
def test_text_is_readable_in_both_schemes(scheme: int, text: str, ground: str) -> None:
    css = (page.STATIC / "style.css").read_text()
    colours = dict(re.findall(r"--(\w+): (#\w{6});", css.split("prefers-color-scheme")[scheme]))
    lighter, darker = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG AA
