"""What people and pages ask: is it alive."""

from fastapi import APIRouter

from api.models import HealthModel, StatusModel
from api.service import Service, Serving

router = APIRouter(tags=["operations"])


@router.get("/health")
def health(service: Serving) -> HealthModel:
    """The process is alive: always 200. Says too whether it is ready, for people and pages."""
    return HealthModel(**status_of(service).model_dump())


def status_of(service: Service) -> StatusModel:
    """How the service stands, now."""
    readiness = service.readiness()
    freshness = readiness.freshness_ms
    return StatusModel(
        ready=not readiness.reasons,
        reasons=readiness.reasons,
        lag=dict(service.reader.reading.lag),
        freshness_seconds=None if freshness is None else freshness / 1_000,
    )
