"""The box for uploads, over answers that are hard to get from a broker on demand.

``tests/system/test_upload.py`` uploads through it to a real one.
"""

from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from playwright.sync_api import Page, expect

from api.app import create_app
from api.service import Service
from tests.api import harness
from tests.api.harness import candle
from tests.browser.conftest import Console
from tests.browser.feed import Feed

pytestmark = pytest.mark.browser

Sent = list[tuple[str | None, bytes | None]]
JOB: dict[str, Any] = {
    "id": "9f2c41d07be3a856",
    "state": "publishing",
    "form": "csv",
    "bytes": 91_204,
    "rows": 1_200,
    "published": 700,
    "rejected": 12,
    "filtered": 1,
    "in_flight": 487,
    "waiting": "",
    "error": "",
    "reasons": {"invalid_side": 12},
    "rejects": [
        {"row": n, "reason": "invalid_side", "detail": "side must be buy or sell"}
        for n in range(1, 13)
    ],
}
ENDED = JOB | {"state": "done", "published": 1_187, "in_flight": 0}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Type and body of what is uploaded; the service takes it without Kafka."""
    found: Sent = []
    router = APIRouter()

    @router.post("/upload", include_in_schema=False)
    async def upload(request: Request) -> JSONResponse:
        body = await request.body()
        if body == b"too much":
            return JSONResponse({"detail": "expected at most 7 bytes"}, 413)
        found.append((request.headers["content-type"], body))
        return JSONResponse(JOB, 202)

    @router.get("/api/jobs/{id}", include_in_schema=False)
    def job(id: str) -> JSONResponse:
        return JSONResponse(ENDED | {"id": id})

    def with_uploads(service: Service) -> FastAPI:
        app = create_app(service)
        app.router.routes[:0] = router.routes
        return app

    monkeypatch.setattr(harness, "create_app", with_uploads)
    return found


@pytest.fixture(autouse=True)
def _market(feed: Feed) -> None:
    feed.send(candle())


def test_it_is_hidden_where_the_service_takes_none(page: Page, address: str) -> None:
    page.route("**/openapi.json", lambda route: route.fulfill(json={"paths": {"/health": {}}}))
    with page.expect_response("**/openapi.json"):
        page.goto(address)
    expect(page.locator("#legend")).to_contain_text("final")
    expect(page.locator("#upload")).to_be_hidden()


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("trades.csv", "text/csv"),
        ("TRADES.NDJSON", "application/x-ndjson"),
        ("a.b.parquet", "application/vnd.apache.parquet"),
    ],
)
def test_a_file_is_sent_with_its_type_and_its_job_followed_to_the_end(
    sent: Sent, page: Page, address: str, tmp_path: Path, name: str, type: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"symbol,price\n")
    page.goto(address)
    page.get_by_label("File of CSV").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
    box = page.locator("#upload")
    expect(box.locator(".note")).to_have_text("9f2c41d07be3a856: done")
    assert sent == [(type, b"symbol,price\n")]
    expect(box.locator("dl > div")).to_have_text(
        ["rows1,200", "published1,187", "rejected12", "filtered1", "in flight0"]
    )
    expect(box.locator("li")).to_have_count(10)
    expect(box.locator("li").first).to_have_text("row 1: invalid_side, side must be buy or sell")
    expect(box.locator("progress")).to_be_hidden()
    expect(box.get_by_role("button", name="Upload")).to_be_enabled()


def test_another_kind_of_file_is_refused_and_nothing_sent(
    sent: Sent, page: Page, address: str, tmp_path: Path
) -> None:
    path = tmp_path / "trades.xlsx"
    path.write_bytes(b"x")
    page.goto(address)
    button = page.get_by_role("button", name="Upload")
    button.click()
    expect(page.locator("#upload .note")).to_have_text("Choose a file first")
    page.get_by_label("File of CSV").set_input_files(path)
    button.click()
    expect(page.locator("#upload .note")).to_contain_text("got trades.xlsx")
    assert not sent


def test_a_refusal_is_said_in_the_words_of_the_service(
    sent: Sent, page: Page, address: str, tmp_path: Path, console: Console
) -> None:
    path = tmp_path / "trades.csv"
    path.write_bytes(b"too much")
    page.goto(address)
    page.get_by_label("File of CSV").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#upload .note")).to_have_text("expected at most 7 bytes")
    page.goto("about:blank")
    # The browser itself reports each answer that is an error.
    console.complaints = [each for each in console.complaints if "413" not in each]
