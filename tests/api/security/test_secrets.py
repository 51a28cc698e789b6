"""Keys stand in no log, no error and no metric."""

import io
import logging
from pathlib import Path

import httpx
import pytest

from api.security.keys import KEY
from api.security.redact import redact
from api.service import Service
from api.store import CandleStore
from tests.api.harness import served
from tests.api.security.harness import bearer, guarded, issue


def drive(service: Service, good: str, wrong: str) -> list[httpx.Response]:
    """Requests with keys in every place where one may put one, rightly or not."""
    with (
        served(service) as address,
        httpx.Client(base_url=address, trust_env=False, headers={"Connection": "close"}) as client,
    ):
        answers = []
        for key in (good, wrong):
            for headers in (bearer(key), {"X-API-Key": key}, {"Authorization": key}):
                for path in ("/api/symbols", "/metrics", "/nothing", "/api/symbols?limit=x"):
                    answers.append(client.get(path, headers=headers))
            for path in (
                f"/{key}",
                f"/api/symbols?contains={key}",
                f"/api/candles/{key}?key={key}",
            ):
                answers += [client.get(path), client.get(path, headers=bearer(good))]
            answers.append(
                client.get("/api/symbols", headers={"Cookie": f"tapeline_session={key}"})
            )
            answers.append(client.get("/api/symbols", headers={"Origin": key, "Accept": key}))
            answers.append(client.post("/session", headers=bearer(key), content=key))
        answers.append(client.get("/api/symbols"))
        answers.append(client.get("/api/metrics"))
    return answers


def test_no_log_and_no_answer_has_a_key(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("as unexpected as can be")

    good, wrong = issue(path, "read", "admin"), f"tl_{'0' * 16}_{'s' * 43}"
    with caplog.at_level(logging.DEBUG):
        service = guarded(path)
        answers = drive(service, good, wrong)
        monkeypatch.setattr(CandleStore, "summaries", fail)
        answers += drive(service, good, wrong)
    assert {answer.status_code for answer in answers} >= {200, 400, 401, 404, 500}
    assert "as unexpected as can be" in caplog.text
    for key in (good, wrong):
        secret = key.split("_", 2)[2]
        for record in caplog.records:
            if not record.name.startswith(("httpx", "httpcore")):
                assert secret not in repr(vars(record))
                assert secret not in logging.Formatter().format(record)
        for answer in answers:
            assert secret not in answer.text
            assert secret not in str(answer.headers)


def test_a_key_that_another_writes_into_a_log_is_hidden() -> None:
    logger, written = logging.getLogger("tests.redact"), io.StringIO()
    handler = logging.StreamHandler(written)
    logger.addHandler(handler)
    logger.propagate = False
    redact(logger)
    key = f"tl_{'0' * 16}_{'s' * 43}"
    logger.warning('"WebSocket %s" 403', f"/ws?key={key}&a=b")
    try:
        raise RuntimeError(key)
    except RuntimeError:
        logger.exception("failed")
    logger.removeHandler(handler)
    assert not KEY.search(written.getvalue())
    assert f"/ws?key=tl_{'0' * 16}_...&a=b" in written.getvalue()
    assert f"RuntimeError: tl_{'0' * 16}_..." in written.getvalue()


def test_settings_show_no_secret(empty: Path) -> None:
    settings = guarded(empty, session_secret="hidden" * 6).settings
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert "hidden" not in text
