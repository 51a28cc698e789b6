"""What can go wrong on a request, and the one shape it is told in (RFC 9457)."""

import heapq
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api import request_id
from api.parameters import CURSOR
from api.security.headers import headers_for

HINTS = 20  # symbols named to a caller who asked for one that is not there
MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong, and what would have been right."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:tapeline:unknown-symbol",
                "title": "Unknown symbol",
                "status": 404,
                "detail": "no candles of 'BTC-USD'; there are BTC/USD, ETH/USD",
                "valid": ["BTC/USD", "ETH/USD"],
                "request_id": "4f6a0c2b9d1e4a7f8b3c5d6e7f8a9b0c",
            }
        }
    )

    type: str = Field("about:blank", description="The kind of problem; fixed, for programs")
    title: str = Field(description="The kind of problem; fixed, for people")
    status: int = Field(description="The HTTP status code, once more")
    detail: str = Field(description="What was expected and what came")
    valid: list[str] = Field(description="What would have been valid; empty where nothing would")
    request_id: str = Field(
        default_factory=request_id.current,
        description="Of the request: in the header X-Request-ID and in the log too",
    )


EXAMPLES: dict[int, dict[str, Any]] = {
    404: {
        "type": "urn:tapeline:unknown-symbol",
        "title": "Unknown symbol",
        "detail": "no candles of 'BTC-USD'; there are BTC/USD, ETH/USD",
        "valid": ["BTC/USD", "ETH/USD"],
    },
    422: {
        "type": "urn:tapeline:bad-parameter",
        "title": "Bad parameter",
        "detail": "limit: Input should be greater than or equal to 1, got '0'",
        "valid": ["1 to 50000"],
    },
    401: {
        "type": "urn:tapeline:bad-signature",
        "title": "Bad signature",
        "detail": "expected X-Hub-Signature-256 to be that of the body",
        "valid": [],
    },
    409: {
        "type": "urn:tapeline:replayed-delivery",
        "title": "Replayed delivery",
        "detail": "the delivery 72d3162e-cc78-11e3-81ab-4c9367dc0958 came before",
        "valid": [],
    },
    413: {
        "type": "urn:tapeline:body-too-large",
        "title": "Body too large",
        "detail": "expected at most 268435456 bytes",
        "valid": [],
    },
    415: {
        "type": "urn:tapeline:unsupported-form",
        "title": "Unsupported form",
        "detail": "expected a Content-Type of a form that is read, got 'text/html'",
        "valid": ["text/csv", "application/x-ndjson", "application/vnd.apache.parquet"],
    },
    429: {
        "type": "urn:tapeline:too-many-uploads",
        "title": "Too many uploads",
        "detail": "4 uploads are under way, as many as there may be",
        "valid": [],
    },
    500: {
        "type": "about:blank",
        "title": "Internal Server Error",
        "detail": "the service failed to answer; its log says why",
        "valid": [],
    },
    503: {
        "type": "urn:tapeline:unavailable",
        "title": "Unavailable",
        "detail": "hooks are off: TAPELINE_GITHUB_SECRET is not set",
        "valid": [],
    },
}
Responses = dict[int | str, dict[str, Any]]


def documented(*statuses: int) -> Responses:
    """What OpenAPI says of these errors of a route."""
    schema = Problem.model_json_schema()
    return {
        status: {
            "description": EXAMPLES[status]["title"],
            "content": {
                MEDIA_TYPE: {
                    "schema": schema,
                    "example": {**EXAMPLES[status], "status": status, "request_id": "7f3a"},
                }
            },
        }
        for status in statuses
    }


RESPONSES: Responses = {
    **documented(500),
    "default": {
        "description": "Any error",
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    },
}
OF_LIST = documented(422)
OF_SYMBOL = documented(404, 422)


class UnknownSymbolError(LookupError):
    """Nothing is kept of the symbol asked for.

    Args:
        what: What was asked for.
        symbol: Of which symbol.
        symbols: Those that there are.
    """

    def __init__(self, what: str, symbol: str, symbols: Collection[str]) -> None:
        self.known = heapq.nsmallest(HINTS, symbols)
        there = ", ".join(self.known) if self.known else "no symbols yet"
        more = f" and {len(symbols) - HINTS} more" if len(symbols) > HINTS else ""
        super().__init__(f"no {what} of {symbol!r}; there are {there}{more}")


class BadCursorError(ValueError):
    """A cursor that no answer to this question has given."""

    def __init__(self, cursor: str) -> None:
        super().__init__(f"cursor: expected {CURSOR}, got {cursor!r}")


def install(app: FastAPI) -> None:
    """Give every error of the application, expected or not, the one shape."""
    app.add_exception_handler(UnknownSymbolError, _unknown_symbol)
    app.add_exception_handler(BadCursorError, _bad_cursor)
    app.add_exception_handler(RequestValidationError, _bad_parameter)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def respond(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """The problem as an HTTP response."""
    # What failed unexpectedly is answered outside of the middleware that adds the header.
    headers = {request_id.HEADER: problem.request_id, "Cache-Control": "no-store"} | (headers or {})
    return JSONResponse(problem.model_dump(), problem.status, headers, MEDIA_TYPE)


def _unknown_symbol(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, UnknownSymbolError)
    return respond(
        Problem(
            type="urn:tapeline:unknown-symbol",
            title="Unknown symbol",
            status=404,
            detail=str(error),
            valid=error.known,
        )
    )


def _bad_cursor(_: Request, error: Exception) -> JSONResponse:
    return respond(
        Problem(
            type="urn:tapeline:bad-parameter",
            title="Bad parameter",
            status=422,
            detail=str(error),
            valid=[CURSOR],
        )
    )


def _bad_parameter(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    parameters = _parameters(request)
    details, valid = [], []
    for fault in error.errors():
        name = str(fault["loc"][-1])
        if name in parameters:
            message = fault["msg"].removeprefix("Value error, ")
            details.append(f"{name}: {message}, got {fault['input']!r}")
            valid += parameters[name]
        else:
            details.append(f"there is no parameter {name!r}")
            valid += parameters
    return respond(
        Problem(
            type="urn:tapeline:bad-parameter",
            title="Bad parameter",
            status=422,
            detail="; ".join(details),
            valid=list(dict.fromkeys(valid)),
        )
    )


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    detail, valid = str(error.detail), list[str]()
    if status is HTTPStatus.NOT_FOUND:
        detail = f"there is nothing at {request.url.path}"
        valid = list(request.app.openapi()["paths"])
    elif status is HTTPStatus.METHOD_NOT_ALLOWED:
        valid = (error.headers or {}).get("Allow", "GET").split(", ")
        detail = f"{request.method} is not allowed at {request.url.path}"
    problem = Problem(title=status.phrase, status=status, detail=detail, valid=valid)
    return respond(problem, dict(error.headers or {}))


def _unexpected(_: Request, __: Exception) -> JSONResponse:
    # What happened is in the log, with its traceback; a stranger learns nothing of it.
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "the service failed to answer; its log says why"
    problem = Problem(title=status.phrase, status=status, detail=detail, valid=[])
    return respond(problem, headers_for(MEDIA_TYPE))  # no middleware sees this answer


def _parameters(request: Request) -> dict[str, list[str]]:
    """The parameters of the route and what is valid for each, as the OpenAPI document has it.

    Taken from there, the answer to a mistake and the documentation cannot differ.
    """
    route = request.scope["route"]
    operation = request.app.openapi()["paths"][route.path_format][request.method.lower()]
    return {each["name"]: _valid(each) for each in operation.get("parameters", [])}


def _valid(parameter: dict[str, Any]) -> list[str]:
    schema = parameter["schema"]
    if "enum" in schema:
        return list(schema["enum"])
    if "minimum" in schema and "maximum" in schema:
        return [f"{schema['minimum']} to {schema['maximum']}"]
    return [str(example) for example in schema.get("examples", [])]
