"""The client asks what the service offers, and reads all that it answers."""

import inspect
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest

from api import models
from api.app import create_app
from api.client import questions
from api.client.methods import Methods
from api.client.question import Call, Question
from api.client.sending import MEDIA_TYPES
from api.gateway import models as gateway
from api.gateway.form import form_of, form_of_file
from api.records import FilledCandle
from tests.api.harness import make_service

NAMES = [name for name, each in vars(Methods).items() if isinstance(each, Call)]
GIVEN: dict[str, Any] = {"symbol": "BTC/USD", "id": "9f2c", "start": 1, "end": 2, "final": True}
# What is no question: pages, streams, uploads, and what belongs to pages of a browser.
OTHERS = {
    *("/", "/stream", "/upload", "/webhook/github", "/ready", "/metrics", "/internal"),
    *("/api/webhooks", "/api/webhooks/dead", "/api/session"),
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = create_app(make_service()).openapi()
    return found


def full(name: str) -> Question[Any]:
    """The question with every argument that there is."""
    question: Callable[..., Question[Any]] = getattr(questions, name)
    arguments = {}
    for each in inspect.signature(question).parameters.values():
        choices = [choice for choice in get_args(each.annotation) if isinstance(choice, str)]
        default = None if each.default is inspect.Parameter.empty else each.default
        arguments[each.name] = GIVEN.get(each.name) or (choices[0] if choices else default or "x")
    return question(**arguments)


def operation(document: dict[str, Any], path: str) -> dict[str, Any]:
    parts = "/" + path.replace("BTC%2FUSD", "{symbol}").replace("9f2c", "{id}")
    found: dict[str, Any] = document["paths"][parts]["get"]
    return found


def schema(document: dict[str, Any], within: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in within:
        within = document["components"]["schemas"][within["$ref"].rsplit("/", 1)[1]]
    return within


def answer(document: dict[str, Any], path: str) -> dict[str, Any]:
    content = operation(document, path)["responses"]["200"]["content"]["application/json"]
    return schema(document, content["schema"])


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_one_of_the_service(document: dict[str, Any], name: str) -> None:
    question = full(name)
    known = {each["name"] for each in operation(document, question.path).get("parameters", [])}
    assert set(question.parameters) <= known


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_of_the_service_can_be_asked(document: dict[str, Any], name: str) -> None:
    question = full(name)
    known = {each["name"] for each in operation(document, question.path).get("parameters", [])}
    # Pages are walked by their cursor, and the client has types of its own instead of formats.
    other = {"symbol", "id", "cursor", "format", "fill", "state", "if-none-match", "accept"}
    assert {each for each in known if each.lower() not in other} <= set(question.parameters)


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_has_the_fields_of_the_service(document: dict[str, Any], name: str) -> None:
    question = full(name)
    assert fields(question.answer) == set(answer(document, question.path)["properties"])


def test_filled_candles_have_the_fields_of_the_service() -> None:
    assert fields(FilledCandle) == set(models.FilledCandleModel.model_fields)


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_of_the_service_is_read_whole(document: dict[str, Any], name: str) -> None:
    question = full(name)
    title = answer(document, question.path)["title"]
    # Not those of the document, which lack what is null.
    example = next(getattr(each, title) for each in (models, gateway) if hasattr(each, title))
    example = example.model_config["json_schema_extra"]["example"]
    if name == "filled_candles":
        example = {**example, "candles": [models.FILLED]}
    read = msgspec.convert(example, question.answer)
    assert includes(msgspec.to_builtins(read), example)


def test_every_answer_of_the_service_can_be_asked_for(document: dict[str, Any]) -> None:
    asked = {
        "/" + full(name).path.replace("BTC%2FUSD", "{symbol}").replace("9f2c", "{id}")
        for name in NAMES
    }
    there = {path for path, each in document["paths"].items() if "get" in each}
    assert there - asked <= OTHERS


def fields(kind: type) -> set[str]:
    return {each.encode_name for each in msgspec.structs.fields(kind)}


def includes(whole: Any, part: Any) -> bool:
    """Whether all of the part is in the whole."""
    if isinstance(part, dict):
        return all(includes(whole[key], value) for key, value in part.items())
    if isinstance(part, list):
        return all(map(includes, whole, part)) and len(whole) == len(part)
    return bool(whole == part)


@pytest.mark.parametrize("suffix", MEDIA_TYPES)
def test_a_file_is_sent_as_what_the_gateway_takes_its_name_for(suffix: str) -> None:
    assert form_of(MEDIA_TYPES[suffix]) == form_of_file("", f"trades{suffix}")[0]
