"""What browsers are told, by every answer."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.security.headers import DATA_POLICY, HEADERS, PAGE_POLICY
from api.service import Service
from api.store import CandleStore
from tests.api.harness import served
from tests.api.security.harness import guarded


@pytest.mark.parametrize(
    ("path", "policy", "status"),
    [
        ("/", PAGE_POLICY, 200),
        ("/docs", PAGE_POLICY, 200),
        ("/static/index.html", PAGE_POLICY, 200),
        ("/static/style.css", DATA_POLICY, 200),
        ("/api/symbols", DATA_POLICY, 200),
        ("/metrics", DATA_POLICY, 200),
        ("/nothing", DATA_POLICY, 404),
        ("/api/symbols?limit=x", DATA_POLICY, 422),
    ],
)
def test_every_answer_has_them(client: httpx.Client, path: str, policy: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    check(answer, policy)


def check(answer: httpx.Response, policy: str) -> None:
    assert answer.headers["content-security-policy"] == policy
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "server" not in answer.headers


def test_a_failure_has_them_too(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(CandleStore, "summaries", fail)
    answer = client.get("/api/symbols")
    assert answer.status_code == 500
    check(answer, DATA_POLICY)


@pytest.fixture
def refusing(empty: Path) -> Iterator[str]:
    with served(guarded(empty, max_body_bytes=5)) as address:
        yield address


def test_refusals_have_them_too(refusing: str) -> None:
    for answer, status in (
        (httpx.get(f"{refusing}/api/symbols", trust_env=False), 401),
        (httpx.get(f"{refusing}/static/none.js", trust_env=False), 404),
        (httpx.post(f"{refusing}/session", content=b"123456", trust_env=False), 413),
    ):
        assert answer.status_code == status
        check(answer, DATA_POLICY)


def test_no_policy_allows_what_is_written_into_a_page(service: Service) -> None:
    for policy in (PAGE_POLICY, DATA_POLICY):
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "*" not in policy
