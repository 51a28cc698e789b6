"""What can go wrong between the client and the service."""

from http import HTTPStatus

import httpx
import msgspec

TRANSIENT = {408, 429, 500, 502, 503, 504}


class Problem(msgspec.Struct):
    """What the service says is wrong (RFC 9457)."""

    title: str
    detail: str = ""
    type: str = "about:blank"
    valid: list[str] = []
    request_id: str = ""


class TapelineError(Exception):
    """The service did not do what was asked."""


class UnreachableError(TapelineError):
    """There was no answer, or a broken one."""


class RefusedError(TapelineError):
    """The service answered with an error.

    Args:
        status: Of HTTP.
        problem: What it says.
        retry_after: Seconds until it may be asked again; None if it does not say.
    """

    def __init__(self, status: int, problem: Problem, retry_after: float | None = None) -> None:
        self.status = status
        self.problem = problem
        self.retry_after = retry_after
        super().__init__(f"{problem.title} ({status}): {problem.detail}".removesuffix(": "))

    @property
    def is_transient(self) -> bool:
        """Whether the same request may do later."""
        return self.status in TRANSIENT


def check(response: httpx.Response) -> None:
    """See that an answer, whose body was read, is none of an error.

    Raises:
        RefusedError: It is one.
    """
    if response.is_success:
        return
    try:
        problem = msgspec.json.decode(response.content, type=Problem)
    except msgspec.MsgspecError:  # of a proxy in between
        problem = Problem(response.reason_phrase or HTTPStatus(response.status_code).phrase)
    wait = response.headers.get("retry-after", "")
    raise RefusedError(response.status_code, problem, float(wait) if wait.isdecimal() else None)


def unreachable(error: httpx.HTTPError, url: str) -> UnreachableError:
    """The error of a request that had no answer."""
    reason = str(error) or type(error).__name__
    return UnreachableError(f"no answer from {url}: {reason}")
