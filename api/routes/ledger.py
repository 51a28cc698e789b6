"""Where every record went."""

from typing import Annotated

from fastapi import APIRouter, Query

from api import errors
from api.models import LedgerModel
from api.parameters import LedgerParameters
from api.responses import JSON
from api.service import Serving

router = APIRouter(prefix="/api", tags=["ledger"])


@router.get("/ledger", response_model=LedgerModel, responses=errors.OF_LIST)
def ledger(service: Serving, asked: Annotated[LedgerParameters, Query()]) -> JSON:
    """What was read of each partition, what became of it, and whether the two agree."""
    return JSON(service.ledger.balance(asked.limit))
