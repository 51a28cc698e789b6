"""Rejected records."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dead_letters import count_reasons, shown
from api.models import DeadLettersModel
from api.parameters import DeadLetterParameters
from api.responses import JSON
from api.service import Serving

router = APIRouter(prefix="/api", tags=["dead letters"])


@router.get("/dead-letters", response_model=DeadLettersModel)
def dead_letters(service: Serving, asked: Annotated[DeadLetterParameters, Query()]) -> JSON:
    """Records that the pipeline rejected, newest first, and how many there are of each reason."""
    found = [
        letter
        for letter in service.dead_letters.newest()
        if asked.reason in (None, letter.reason) and asked.topic in (None, letter.topic)
    ]
    return JSON(
        {
            "total": len(found),
            "reasons": count_reasons(found),
            "dead_letters": [shown(letter) for letter in found[: asked.limit]],
        }
    )
