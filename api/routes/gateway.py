"""Uploads of trades, and hooks."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from api import errors
from api.event_pages import EventWalk
from api.gateway.errors import BodyTooLargeError
from api.gateway.form import MEDIA_TYPES, MULTIPART
from api.gateway.models import EventsModel, HookModel, JobModel, JobsModel
from api.gateway.parameters import EventParameters, JobsParameters
from api.responses import JSON
from api.service import Serving

router = APIRouter(tags=["gateway"])

_FILE = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {"type": "object", "properties": {"file": _FILE["schema"]}, "required": ["file"]}
}
_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {**dict.fromkeys(MEDIA_TYPES, _FILE), MULTIPART: _FORM},
    }
}
_HOOK: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
    "parameters": [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": meaning,
            "schema": {"type": "string"},
        }
        for name, meaning in (
            ("X-Hub-Signature-256", "sha256= and the HMAC-SHA256 of the body, in hex"),
            ("X-GitHub-Event", "The event's name"),
            ("X-GitHub-Delivery", "The delivery's id; each is taken once"),
        )
    ],
}


JobId = Annotated[str, Path(description="As the answer to the upload has it")]


@router.post(
    "/upload", status_code=202, response_model=JobModel, openapi_extra=_UPLOAD,
    responses=errors.documented(413, 415, 422, 429, 503),
)  # fmt: skip
async def upload(service: Serving, request: Request) -> JSON:
    """Take trades as CSV, NDJSON or Parquet, judge each row, and publish those that are valid.

    Rows are published while the body comes; the answer, a job, comes when the body is whole.
    """
    headers = request.headers
    length = headers.get("content-length", "")
    taken = service.gateway.uploads.open(
        headers.get("content-type", ""),
        headers.get("content-encoding", ""),
        int(length) if length.isdecimal() else None,
    )
    await taken.receive(request.stream())
    job = taken.job.report()
    return JSON(job, 202, {"Location": f"/api/jobs/{job.id}"})


@router.get("/api/jobs", response_model=JobsModel, responses=errors.OF_LIST)
def jobs(service: Serving, asked: Annotated[JobsParameters, Query()]) -> JSON:
    """Uploads to this instance, newest first."""
    newest = service.gateway.uploads.jobs.newest()
    found = [job.report() for job in newest]
    return JSON(
        {"jobs": [each for each in found if asked.state in (None, each.state)][: asked.limit]}
    )


@router.get("/api/jobs/{id}", response_model=JobModel, responses=errors.documented(404))
def job(service: Serving, id: JobId) -> JSON:
    """How an upload stands."""
    return JSON(service.gateway.uploads.jobs.of(id).report())


@router.post(
    "/webhook/github", status_code=202, response_model=HookModel, openapi_extra=_HOOK,
    responses={
        200: {"description": "A ping, which is not published", "model": HookModel},
        **errors.documented(401, 409, 413, 422, 503),
    },
)  # fmt: skip
async def github(service: Serving, request: Request) -> JSON:
    """Take a hook that GitHub has signed, once, and answer when the broker has it."""
    hooks = service.gateway.hooks
    hooks.require_on()
    most = service.settings.hook_max_bytes
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise BodyTooLargeError(f"expected at most {most} bytes")
    answer = await hooks.take(request.headers, bytes(body), service.reader.reading)
    return JSON(answer, 202 if answer.published or answer.filtered else 200)


@router.get("/api/events", response_model=EventsModel, responses=errors.OF_LIST)
def events(service: Serving, asked: Annotated[EventParameters, Query()]) -> JSON:
    """Hooks that were taken, ascending by time; beyond the limit, the newest."""
    found, onward = EventWalk("hooks", "", asked).page(
        each
        for each in service.gateway.hooks.events.newest()
        if asked.event in (None, each.event) and asked.repository in (None, each.repository)
    )
    return JSON({"events": found, "next": onward})
