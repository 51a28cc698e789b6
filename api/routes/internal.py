"""What operators' tools ask: ready, metrics. They may have a port of their own."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client.exposition import choose_encoder

from api import errors
from api.models import StatusModel
from api.routes.operations import status_of
from api.service import Serving

router = APIRouter(tags=["operations"])

METRICS_EXAMPLE = """\
# TYPE tapeline_api_messages_total counter
tapeline_api_messages_total{topic="candles"} 1
"""


class NotReady(StatusModel, errors.Problem):
    """Why the service is not ready."""


@router.get(
    "/ready",
    response_model=StatusModel,
    responses={
        503: {
            "description": "Not ready",
            "content": {errors.MEDIA_TYPE: {"schema": NotReady.model_json_schema()}},
        }
    },
)
def ready(service: Serving) -> JSONResponse:
    """200 once all of the past is read, while the broker answers and candles are current."""
    status = status_of(service)
    if status.ready:
        return JSONResponse(status.model_dump())
    return errors.respond(
        NotReady(
            type="urn:tapeline:not-ready",
            title="Not ready",
            status=503,
            detail="; ".join(status.reasons),
            valid=[],
            **status.model_dump(),
        )
    )


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"example": METRICS_EXAMPLE}}}},
)
@router.get("/api/metrics", include_in_schema=False)
def metrics(service: Serving, request: Request) -> Response:
    """Everything Prometheus may ask; also at /api/metrics."""
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(service.metrics.registry), media_type=media_type)
