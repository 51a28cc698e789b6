"""Answers to those who asked for a stream that they do not get."""

from fastapi.responses import JSONResponse

from api.errors import Problem, respond
from api.live.seats import TooManyStreamsError
from api.live.subscription import BadSubscriptionError

RETRY_AFTER = {"Retry-After": "10"}  # seconds


def bad(error: ValueError) -> Problem:
    """What was wrong with a subscription, a cursor, or a message."""
    return Problem(
        type="urn:tapeline:bad-parameter",
        title="Bad parameter",
        status=422,
        detail=str(error),
        valid=error.valid if isinstance(error, BadSubscriptionError) else [],
    )


def refused(error: TooManyStreamsError) -> JSONResponse:
    """There is no room, as an answer."""
    return respond(full(error), RETRY_AFTER)


def full(error: TooManyStreamsError) -> Problem:
    """There is no room."""
    return Problem(
        type="urn:tapeline:too-many-streams",
        title="Too many streams",
        status=429 if error.own else 503,
        detail=str(error),
        valid=[],
    )
