"""What is refused at the gateway, as problems (RFC 9457)."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from api.errors import Problem, respond


class GatewayError(Exception):
    """Something is refused.

    Args:
        detail: What was expected and what came.
        valid: What would have been right.
        headers: Of the answer.
    """

    status = 422
    title = "Bad body"

    def __init__(
        self, detail: str, valid: tuple[str, ...] = (), headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.valid = valid
        self.headers = headers or {}


class BadBodyError(GatewayError):
    """The body is not what it says it is."""


class BodyTooLargeError(GatewayError):
    """The body is over its bound."""

    status = 413
    title = "Body too large"


class UnsupportedFormError(GatewayError):
    """The body has a form, or an encoding, that is not read."""

    status = 415
    title = "Unsupported form"


class TooManyUploadsError(GatewayError):
    """As many uploads as there may be are under way."""

    status = 429
    title = "Too many uploads"


class UnknownJobError(GatewayError):
    """There is no job of that id."""

    status = 404
    title = "Unknown job"


class BadSignatureError(GatewayError):
    """The signature is not that of the body, or there is none."""

    status = 401
    title = "Bad signature"


class ReplayedError(GatewayError):
    """The delivery came before."""

    status = 409
    title = "Replayed delivery"


class FailedUploadError(GatewayError):
    """The service failed to read a body."""

    status = 500
    title = "Upload failed"


class UnavailableError(GatewayError):
    """What the gateway needs is not there now, or not set up."""

    status = 503
    title = "Unavailable"


def install(app: FastAPI) -> None:
    """Give what is refused at the gateway the shape that all errors have."""
    app.add_exception_handler(GatewayError, _refuse)


def _refuse(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, GatewayError)
    problem = Problem(
        type=f"urn:tapeline:{error.title.lower().replace(' ', '-')}",
        title=error.title,
        status=error.status,
        detail=str(error),
        valid=list(error.valid),
    )
    return respond(problem, error.headers)
