"""What came of one attempt, and whether another makes sense."""

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal

Reason = Literal[
    "too_old",  # waited too long; never sent
    "forbidden_address",  # the target is not in the public internet
    "unreachable",  # no connection, or it broke: the last of all attempts
    "timeout",  # no answer in time: the last of all attempts
    "unavailable",  # an answer that may change, the last of all attempts
    "redirected",  # an answer that leads elsewhere, which is never followed
    "refused",  # any other answer
]

# Of the answers 4xx those that say nothing of the request itself: in a while it may be taken.
_AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt.

    Attributes:
        reason: Why it failed; None if the target has taken the alert.
        again: Whether another attempt may do better.
        detail: What happened, for people.
        status: That of HTTP, None if there was no answer.
        retry_after: Seconds that the target asked to be left in peace, None if it did not.
    """

    reason: Reason | None
    again: bool
    detail: str
    status: int | None = None
    retry_after: float | None = None


def judge(status: int, body: bytes, retry_after: str | None, now: float) -> Answer:
    """Judge an answer of HTTP.

    Args:
        status: Its status.
        body: The beginning of its body.
        retry_after: Its header of that name.
        now: The time, seconds since the epoch.
    """
    text = " ".join(body.decode(errors="replace").split())
    detail = f"answered {status}" + (f": {text}" if text else "")
    if 200 <= status < 300:
        return Answer(None, False, detail, status)
    if 300 <= status < 400:
        return Answer("redirected", False, detail, status)
    if status in _AGAIN or status >= 500:
        return Answer("unavailable", True, detail, status, _seconds(retry_after, now))
    return Answer("refused", False, detail, status)


def _seconds(retry_after: str | None, now: float) -> float | None:
    """The wait that Retry-After asks for: seconds, or a date (RFC 9110)."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without a zone is one of GMT.
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)
