"""One shape for every error (RFC 9457)."""

import logging
from typing import Any

import httpx
import pytest

from api.errors import Problem
from api.service import Service
from api.store import CandleStore
from tests.api.harness import candle, wait_until

SHAPE = ["type", "title", "status", "detail", "valid", "request_id"]


def problem(response: httpx.Response) -> Problem:
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert list(body) == SHAPE
    assert body["status"] == response.status_code
    assert body["request_id"] == response.headers["x-request-id"]
    return Problem.model_validate(body)


def test_an_unknown_symbol_is_told_which_there_are(service: Service, client: httpx.Client) -> None:
    service.store.put([candle("ETH/USD"), candle("BTC/USD")])
    for route in ("candles", "aggregations"):
        found = problem(client.get(f"/api/{route}/BTC-USD"))
        assert found.status == 404
        assert found.valid == ["BTC/USD", "ETH/USD"]
        assert found.detail == "no candles of 'BTC-USD'; there are BTC/USD, ETH/USD"


def test_an_empty_store_says_so(client: httpx.Client) -> None:
    assert "no symbols yet" in problem(client.get("/api/candles/BTC")).detail


def test_an_unknown_path_is_told_which_there_are(client: httpx.Client) -> None:
    found = problem(client.get("/api/candels/BTC"))
    assert found.status == 404
    assert "/api/candles/{symbol}" in found.valid


def test_a_wrong_method_is_told_the_right_one(client: httpx.Client) -> None:
    response = client.post("/api/symbols")
    found = problem(response)
    assert (found.status, found.valid) == (405, ["GET"])
    assert response.headers["allow"] == "GET"


def test_a_bad_parameter_has_the_shape_too(client: httpx.Client) -> None:
    assert problem(client.get("/api/symbols?limit=0")).status == 422


def test_a_failure_tells_the_log_and_not_the_caller(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the secret")

    monkeypatch.setattr(CandleStore, "summaries", fail)
    with caplog.at_level(logging.ERROR):
        response = client.get("/api/symbols")
        wait_until(lambda: "the secret" in caplog.text)
    assert problem(response).status == 500
    assert "secret" not in response.text


def test_a_missing_file_has_the_shape_too(client: httpx.Client) -> None:
    for path in ("/static/none.js", "/static/vendor/none.js", "/static/%2e%2e/app.py"):
        assert problem(client.get(path)).status == 404
