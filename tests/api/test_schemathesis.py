"""The whole OpenAPI document, asked at random; ``scripts/fuzz_api.py`` does it for longer."""

from http import HTTPStatus

import pytest

from api.store import CandleStore
from scripts.fuzz_api import fuzz
from tests.api.filled import filled_service
from tests.api.harness import served

SEED = 1


def test_every_answer_is_one_that_the_document_tells_of() -> None:
    with served(filled_service()) as address:
        statuses = fuzz(address, 120, SEED)
    assert {HTTPStatus.OK, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY} <= set(statuses)
    assert max(statuses) < HTTPStatus.INTERNAL_SERVER_ERROR


def test_a_failure_of_a_route_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(CandleStore, "summaries", fail)
    with served(filled_service()) as address, pytest.raises(BaseExceptionGroup):
        fuzz(address, 1, SEED)
