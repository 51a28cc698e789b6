"""Every request has an id: in its answer, its error and its lines of the log."""

import io
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.request_id import HEADER, LOG_FORMAT, NONE, RequestIdFilter, current
from api.store import CandleStore
from tests.api.harness import wait_until


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the service logs, as ``python -m api`` writes it."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    handler.addFilter(RequestIdFilter())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("given_id", ["a", "A-b_c.9", "x" * 128])
def test_a_sane_id_is_taken_over(client: httpx.Client, given_id: str) -> None:
    assert client.get("/health", headers={HEADER: given_id}).headers[HEADER] == given_id


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Zs"]), max_size=140))
def test_any_other_is_replaced_by_one_of_the_service(client: httpx.Client, given_id: str) -> None:
    found = client.get("/health", headers={HEADER: given_id}).headers[HEADER]
    sane = given_id.replace("-", "a").replace("_", "a").replace(".", "a").isalnum()
    if sane and len(given_id) <= 128:
        assert found == given_id
    else:
        assert len(found) == 32
        assert found.isalnum()


@pytest.mark.parametrize(
    "path", ["/", "/static/style.css", "/api/symbols", "/none", "/api/candles/X", "/ready?x=1"]
)
def test_every_answer_has_one_of_its_own(client: httpx.Client, path: str) -> None:
    ids = {client.get(path).headers[HEADER] for _ in range(3)}
    assert len(ids) == 3


def test_a_request_is_one_line_without_its_query(client: httpx.Client, lines: io.StringIO) -> None:
    client.get("/api/candles/A%20B/é?from=1&secret=2", headers={HEADER: "me"})
    wait_until(lambda: "api.access" in lines.getvalue())
    (line,) = [each for each in lines.getvalue().splitlines() if "api.access" in each]
    assert "INFO api.access me GET /api/candles/A%20B/%C3%A9 422 " in line
    assert line.endswith(" ms")
    assert "secret" not in line


def test_a_failure_has_the_id_in_its_answer_and_its_traceback(
    client: httpx.Client, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        logging.getLogger("store").warning("about to fail")
        raise RuntimeError("the cause")

    monkeypatch.setattr(CandleStore, "summaries", fail)
    response = client.get("/api/symbols", headers={HEADER: "me"})
    assert (response.status_code, response.headers[HEADER]) == (500, "me")
    assert response.json()["request_id"] == "me"
    wait_until(lambda: "the cause" in lines.getvalue())
    logged = [each.split()[2:5] for each in lines.getvalue().splitlines() if " me " in each]
    assert logged == [
        ["WARNING", "store", "me"],
        ["INFO", "api.access", "me"],
        ["ERROR", "uvicorn.error", "me"],
    ]
    assert "GET /api/symbols 500 " in lines.getvalue()


def test_requests_at_one_time_do_not_mix(client: httpx.Client, lines: io.StringIO) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(
            lambda n: client.get(f"/api/candles/S{n}", headers={HEADER: f"id{n}"}), range(40)
        )
        ids = [answer.json()["request_id"] for answer in answers]
    assert ids == [f"id{n}" for n in range(40)]
    wait_until(lambda: lines.getvalue().count("api.access") == 40)
    for n in range(40):
        assert f" id{n} GET /api/candles/S{n} 404 " in lines.getvalue()


def test_without_a_request_there_is_none() -> None:
    assert current() == NONE
