"""The OpenAPI document: what every route promises."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import BaseModel

import api.gateway.models
import api.models
from api.app import create_app
from api.dead_letters import ShownLetter
from api.errors import Problem
from api.formats import MEDIA_TYPES
from api.gateway.event import Event
from api.gateway.hooks import HookAnswer
from api.gateway.job import JobReport, RejectedRow
from api.gateway.models import EventModel, HookModel, JobModel, RejectedRowModel
from api.ledger import Counts, SourceCounts
from api.models import (
    AlertModel,
    CandleModel,
    DeadLetterModel,
    FlowModel,
    LateTradeModel,
    LedgerCountsModel,
    LedgerSourceModel,
    WebhookModel,
)
from api.records import Alert, Candle, Flow, LateTrade
from api.webhooks.tally import WebhookStatus
from tests.api.harness import make_service

DOCUMENT: dict[str, Any] = create_app(make_service()).openapi()
ROUTES = sorted(DOCUMENT["paths"])
ROOT = Path(__file__).parents[2]


OTHER_ERRORS = {
    "/ready": ["503"],
    "/upload": ["413", "415", "422", "429", "503"],
    "/webhook/github": ["401", "409", "413", "422", "503"],
}


def operation_of(path: str) -> tuple[dict[str, Any], str]:
    """The one operation of a path, and the status of its usual answer."""
    ((method, operation),) = DOCUMENT["paths"][path].items()
    return operation, "202" if method == "post" else "200"


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return found


def test_the_routes_are_those_of_the_design() -> None:
    assert ROUTES == [
        "/api/aggregations/{symbol}",
        "/api/alerts",
        "/api/anomalies/{symbol}",
        "/api/book/{symbol}",
        "/api/candles/{symbol}",
        "/api/correlations",
        "/api/dead-letters",
        "/api/events",
        "/api/indicators/{symbol}",
        "/api/jobs",
        "/api/jobs/{id}",
        "/api/late/{symbol}",
        "/api/ledger",
        "/api/order-flow/{symbol}",
        "/api/outages",
        "/api/quality/{symbol}",
        "/api/symbols",
        "/api/trends/{symbol}",
        "/api/webhooks",
        "/api/webhooks/dead",
        "/health",
        "/metrics",
        "/ready",
        "/stream",
        "/upload",
        "/webhook/github",
    ]


@pytest.mark.parametrize("path", ROUTES)
def test_every_route_has_a_model_an_example_and_the_shape_of_errors(path: str) -> None:
    operation, status = operation_of(path)
    assert operation["description"]
    content, *tables = operation["responses"][status]["content"].values()
    assert len(tables) in (0, 3)
    schema = resolve(content["schema"])
    assert "example" in content or "example" in schema
    assert schema["type"] in ("object", "string")
    error = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
    names = {"type", "title", "status", "detail", "valid", "request_id"}
    assert set(error["properties"]) == names
    assert error["example"]


@pytest.mark.parametrize("path", ROUTES)
def test_every_error_of_a_route_is_told_with_an_example(path: str) -> None:
    operation, _ = operation_of(path)
    parameters = operation.get("parameters", [])
    expected = {"500", *OTHER_ERRORS.get(path, ())}
    if any(each["in"] == "query" for each in parameters):
        expected.add("422")
    if "{" in path:
        expected.add("404")
    errors = {
        status: answer
        for status, answer in operation["responses"].items()
        if status.isdigit() and status >= "400"
    }
    assert set(errors) == expected
    for status, answer in errors.items():
        assert answer["description"]
        content = answer["content"]["application/problem+json"]
        example = content.get("example") or content["schema"]["example"]
        Problem.model_validate(example)
        if status != "503":
            assert example["status"] == int(status)
            assert set(example) == set(Problem.model_fields)


@pytest.mark.parametrize("name", ["candles", "order-flow", "indicators", "trends", "anomalies"])
def test_every_format_of_a_history_is_told(name: str) -> None:
    responses = DOCUMENT["paths"][f"/api/{name}/{{symbol}}"]["get"]["responses"]
    assert list(responses["200"]["content"]) == list(MEDIA_TYPES.values())
    assert "304" in responses


@pytest.mark.parametrize("path", ROUTES)
def test_every_parameter_says_what_is_valid(path: str) -> None:
    for parameter in operation_of(path)[0].get("parameters", []):
        schema = parameter["schema"]
        assert parameter["description"]
        text = schema.get("type") == "string" or {"type": "string"} in schema.get("anyOf", [])
        assert text or {"enum", "minimum", "examples"} & set(schema), parameter["name"]


@pytest.mark.parametrize(
    "model",
    [
        value
        for module in (api.models, api.gateway.models)
        for name, value in vars(module).items()
        if name.endswith("Model") and name != "BaseModel" and "example" in str(value.model_config)
    ],
)
def test_every_example_is_valid(model: type[BaseModel]) -> None:
    extra = model.model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    model.model_validate(extra["example"], strict=True)


@pytest.mark.parametrize(
    ("record", "model"),
    [
        (Candle, CandleModel),
        (Flow, FlowModel),
        (ShownLetter, DeadLetterModel),
        (Alert, AlertModel),
        (LateTrade, LateTradeModel),
        (WebhookStatus, WebhookModel),
        (Counts, LedgerCountsModel),
        (SourceCounts, LedgerSourceModel),
        (RejectedRow, RejectedRowModel),
        (Event, EventModel),
        (HookAnswer, HookModel),
    ],
)
def test_what_is_promised_is_what_is_read(
    record: type[msgspec.Struct], model: type[BaseModel]
) -> None:
    promised = {name: field.annotation for name, field in model.model_fields.items()}
    assert promised == {field.name: field.type for field in msgspec.structs.fields(record)}


def test_a_job_is_promised_as_it_is_reported() -> None:
    names = [field.name for field in msgspec.structs.fields(JobReport)]
    assert list(JobModel.model_fields) == names


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert DOCUMENT["info"]["version"] == project["version"]
