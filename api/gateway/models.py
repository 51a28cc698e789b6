"""What the gateway answers, as OpenAPI documents it."""

from pydantic import BaseModel, Field

from api.gateway.form import Form
from api.gateway.job import State
from api.gateway.reasons import Reason
from api.models import PageModel, example

REJECTED_ROW = {"row": 17, "reason": "invalid_side", "detail": "side must be buy or sell"}
JOB = {
    "id": "9f2c41d07be3a856",
    "state": "done",
    "form": "csv",
    "bytes": 91_204,
    "rows": 1_000,
    "published": 998,
    "rejected": 1,
    "filtered": 1,
    "in_flight": 0,
    "waiting": "",
    "error": "",
    "reasons": {"invalid_side": 1},
    "rejects": [REJECTED_ROW],
    "created_at": 1767225660417,
    "received_at": 1767225660503,
    "ended_at": 1767225660541,
}
EVENT = {
    "id": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    "event": "push",
    "action": None,
    "repository": "octo-org/octo-repo",
    "sender": "octocat",
    "received_at": 1767225660417,
}


class RejectedRowModel(BaseModel):
    """A row that is no trade."""

    model_config = example(REJECTED_ROW)

    row: int = Field(description="Rows count from 1; the header of CSV is none")
    reason: Reason = Field(description="Fixed code of what is wrong, as of dead letters")
    detail: str = Field(description="What is wrong, in words")


class JobModel(BaseModel):
    """How an upload stands; rows = published + rejected + filtered + in_flight."""

    model_config = example(JOB)

    id: str
    state: State = Field(
        description="receiving (rows are published already), publishing (the body is whole), done, "
        "failed (see error), aborted (the connection broke: rows says how far it was read)"
    )
    form: Form | None = Field(description="Null until it is known")
    bytes: int = Field(description="Of the body, as they came")
    rows: int = Field(description="Rows read, in the order of the file")
    published: int = Field(description="Rows that the broker has acknowledged")
    rejected: int = Field(description="Rows that are no trades")
    filtered: int = Field(description="Trades that the gateway's filter held back")
    in_flight: int = Field(
        description="Rows that are not acknowledged yet; once the job has ended, rows that may be "
        "on Kafka, or not"
    )
    waiting: str = Field(description="What it waits for, if it does; else empty")
    error: str = Field(description="Why it failed or was aborted; else empty")
    reasons: dict[str, int] = Field(description="Rejected rows of each reason, the most first")
    rejects: list[RejectedRowModel] = Field(description="The first 100 rejected rows")
    created_at: int = Field(description="ms since the epoch")
    received_at: int | None = Field(description="When the body was whole; null before")
    ended_at: int | None = Field(description="When nothing was left to do; null before")


class JobsModel(BaseModel):
    """Uploads to this instance, newest first."""

    model_config = example({"jobs": [JOB]})

    jobs: list[JobModel]


class EventModel(BaseModel):
    """A hook that was taken; its payload is on the topic of events."""

    model_config = example(EVENT)

    id: str = Field(description="X-GitHub-Delivery")
    event: str = Field(description="X-GitHub-Event")
    action: str | None = Field(description="Of the payload, if it has one")
    repository: str | None = Field(description="Its full name")
    sender: str | None = Field(description="The login")
    received_at: int = Field(description="ms since the epoch")


class EventsModel(PageModel):
    """Events, ascending by time."""

    model_config = example({"events": [EVENT], "next": None})

    events: list[EventModel]


class HookModel(BaseModel):
    """What became of a hook."""

    model_config = example(
        {
            "id": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
            "event": "push",
            "published": True,
            "filtered": False,
        }
    )

    id: str = Field(description="X-GitHub-Delivery")
    event: str = Field(description="X-GitHub-Event")
    published: bool = Field(description="Whether the broker has acknowledged it")
    filtered: bool = Field(description="Whether the gateway's filter held it back")
