"""Rejected records."""

from typing import Annotated

from fastapi import APIRouter, Query

from api import errors
from api.dead_letters import PLACES, count_reasons, place_of, shown
from api.models import DeadLettersModel
from api.paging import Walk
from api.parameters import DeadLetterParameters
from api.records import DeadLetter
from api.responses import JSON
from api.service import Serving

router = APIRouter(prefix="/api", tags=["dead letters"])


@router.get("/dead-letters", response_model=DeadLettersModel, responses=errors.OF_LIST)
def dead_letters(service: Serving, asked: Annotated[DeadLetterParameters, Query()]) -> JSON:
    """Records that the pipeline rejected, newest first, and how many there are of each reason."""

    def matches(letter: DeadLetter) -> bool:
        return asked.reason in (None, letter.reason) and asked.topic in (None, letter.topic)

    walk = Walk("dead letters", "", asked, PLACES)
    every = [letter for letter in service.dead_letters.newest() if matches(letter)]
    rest = every
    if walk.place is not None:
        rest = [letter for letter in service.dead_letters.older(walk.place) if matches(letter)]
    page, onward = walk.cut(rest[::-1], place_of)
    return JSON(
        {
            "total": len(every),
            "reasons": count_reasons(every),
            "dead_letters": [shown(letter) for letter in page[::-1]],
            "next": onward,
        }
    )
