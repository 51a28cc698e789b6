"""Alerts, and the webhooks that they are delivered to."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dead_letters import count_reasons
from api.models import AlertsModel, UndeliveredAlertsModel, WebhooksModel
from api.parameters import AlertParameters, UndeliveredParameters
from api.responses import JSON
from api.routes.analytics import within
from api.service import Serving

router = APIRouter(prefix="/api", tags=["alerts"])


@router.get("/alerts", response_model=AlertsModel)
def alerts(service: Serving, asked: Annotated[AlertParameters, Query()]) -> JSON:
    """Alerts of all symbols, ascending by time; beyond the limit, the newest."""
    found = [
        each
        for each in within(service.alerts.newest()[::-1], asked)
        if asked.symbol in (None, each.symbol)
        and asked.rule in (None, each.rule)
        and asked.kind in (None, each.kind)
    ]
    found.sort(key=lambda each: each.timestamp)
    return JSON({"alerts": found[-asked.limit :]})


@router.get("/webhooks", response_model=WebhooksModel)
def webhooks(service: Serving) -> JSON:
    """The webhooks of the alerts file, and what this instance has sent them."""
    return JSON({"webhooks": service.webhooks.statuses()})


@router.get("/webhooks/dead", response_model=UndeliveredAlertsModel)
def undelivered(service: Serving, asked: Annotated[UndeliveredParameters, Query()]) -> JSON:
    """Alerts that were given up on, newest first, and how many there are of each reason."""
    found = [
        each
        for each in service.undelivered.newest()
        if asked.target in (None, each.target) and asked.reason in (None, each.reason)
    ]
    return JSON(
        {
            "total": len(found),
            "reasons": count_reasons(found),
            "undelivered": found[: asked.limit],
        }
    )
