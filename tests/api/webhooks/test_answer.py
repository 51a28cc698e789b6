import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.webhooks.answer import judge

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z
AGAIN = {408, 425, 429, *range(500, 600)}


@pytest.mark.parametrize("status", range(200, 600))
def test_every_status_is_taken_tried_again_or_final(status: int) -> None:
    answer = judge(status, b"", None, NOW)
    assert (answer.reason is None) == (status < 300)
    assert answer.again == (status in AGAIN)
    assert (answer.reason == "redirected") == (300 <= status < 400)
    assert answer.status == status


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("9" * 400, 999_999_999.0),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 00:00:30 -0000", 30.0),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0.0),
        ("-3", None),
        ("1.5", None),
        ("\u0661", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert judge(503, b"", header, NOW).retry_after == seconds


@given(st.text(), st.binary())
def test_whatever_is_answered_can_be_judged(header: str, body: bytes) -> None:
    answer = judge(503, body, header, NOW)
    assert answer.retry_after is None or answer.retry_after >= 0
    assert "\n" not in answer.detail


def test_the_answer_is_told() -> None:
    assert judge(400, b"no\r\n such  rule", None, NOW).detail == "answered 400: no such rule"
