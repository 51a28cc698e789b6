"""The query parameters of the gateway's routes."""

from typing import get_args

from pydantic import Field

from api.gateway.job import State
from api.parameters import Parameters, SpanParameters


class JobsParameters(Parameters):
    """Which jobs are asked for."""

    state: State | None = Field(
        None, description="Only those in this state", examples=list(get_args(State))
    )
    limit: int = Field(100, ge=1, le=1_000, description="Most jobs; the newest are kept")


class EventParameters(SpanParameters):
    """Which events are asked for; times are those at which they were received."""

    event: str | None = Field(None, description="Only those of this name", examples=["push"])
    repository: str | None = Field(
        None,
        description="Only those of this repository, by its full name",
        examples=["octo-org/octo-repo"],
    )
