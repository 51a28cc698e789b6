"""Alerts, and the webhooks that they are delivered to."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query

from api import errors
from api.dead_letters import count_reasons
from api.event_pages import EventWalk
from api.models import AlertsModel, UndeliveredAlertsModel, WebhooksModel
from api.paging import Walk
from api.parameters import AlertParameters, UndeliveredParameters
from api.records import Undelivered
from api.responses import JSON
from api.service import Serving

PLACES: msgspec.json.Decoder[tuple[str, str]] = msgspec.json.Decoder(tuple[str, str])

router = APIRouter(prefix="/api", tags=["alerts"])


@router.get("/alerts", response_model=AlertsModel, responses=errors.OF_LIST)
def alerts(service: Serving, asked: Annotated[AlertParameters, Query()]) -> JSON:
    """Alerts of all symbols, ascending by time; beyond the limit, the newest."""
    found, onward = EventWalk("alerts", "", asked).page(
        each
        for each in service.alerts.newest()
        if asked.symbol in (None, each.symbol)
        and asked.rule in (None, each.rule)
        and asked.kind in (None, each.kind)
    )
    return JSON({"alerts": found, "next": onward})


@router.get("/webhooks", response_model=WebhooksModel)
def webhooks(service: Serving) -> JSON:
    """The webhooks of the alerts file, and what this instance has sent them."""
    return JSON({"webhooks": service.webhooks.statuses()})


@router.get("/webhooks/dead", response_model=UndeliveredAlertsModel, responses=errors.OF_LIST)
def undelivered(service: Serving, asked: Annotated[UndeliveredParameters, Query()]) -> JSON:
    """Alerts that were given up on, newest first, and how many there are of each reason."""

    def matches(each: Undelivered) -> bool:
        return asked.target in (None, each.target) and asked.reason in (None, each.reason)

    walk = Walk("undelivered", "", asked, PLACES)
    every = [each for each in service.undelivered.newest() if matches(each)]
    rest = every
    if walk.place is not None:
        rest = [each for each in service.undelivered.older(walk.place) if matches(each)]
    page, onward = walk.cut(rest[::-1], lambda each: each.key)
    return JSON(
        {
            "total": len(every),
            "reasons": count_reasons(every),
            "undelivered": page[::-1],
            "next": onward,
        }
    )
