"""The documentation says what the code does: settings, reasons, routes, fields and the version."""

import importlib
import pkgutil
import re
import struct
import tomllib
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from fastapi import APIRouter
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

import api.routes
import api.settings
import jobs.settings
from api.app import create_app
from api.gateway.event import EventMessage
from api.gateway.form import MEDIA_TYPES, MULTIPART
from api.records import INTERVALS, Candle, DeadLetter, Flow, Undelivered
from api.webhooks import answer as webhooks
from scripts.stack.settings import StackSettings
from tests.api.harness import make_service
from udfs import book, indicators, sliding
from udfs.alerts import Alert
from udfs.anomalies import Anomaly
from udfs.correlations import Correlation
from udfs.late import LateTrade
from udfs.ledger import Account
from udfs.reasons import Reason, fix_texts
from udfs.trades import decode
from udfs.trends import Trend

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
PICTURES = ROOT / "docs" / "pictures"

COMMANDS = {
    name
    for folder in (ROOT / "api" / "client" / "command", ROOT / "scripts")
    for file in folder.glob("*.py")
    for name in re.findall(r'envvar="(TAPELINE_[A-Z_]+)"', file.read_text())
}

READERS: dict[str, type[BaseSettings]] = {
    "local": StackSettings,
    "job": jobs.settings.Settings,
    "API": api.settings.Settings,
}


def rows(text: str, first: str) -> dict[str, list[str]]:
    """The rows of all tables whose first cell is this, in backticks: first cell -> the others."""
    found = re.findall(rf"^\| `({first})` \|(.*)\|$", text, re.MULTILINE)
    names = [name for name, _ in found]
    assert len(set(names)) == len(names), "a row stands twice"
    return {name: [cell.strip() for cell in others.split(" | ")] for name, others in found}


def default(field: FieldInfo) -> str:
    """A default as one would write it into the environment."""
    value = field.default
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return f"`{value}`".lower()
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`"
    return f"`{value.relative_to(ROOT)}`" if isinstance(value, Path) else f"`{value}`"


def own(cell: str, reader: str) -> str:
    """A reader's default in a cell that has several: ``local: this; that of all others``."""
    named = dict(each.split(": ") for each in cell.split("; ")[:-1])
    return named.get(reader, cell.split("; ")[-1])


@pytest.mark.parametrize("reader", READERS)
def test_every_setting_stands_in_the_table_with_its_default(reader: str) -> None:
    written = {
        name: own(cells[0], reader)
        for name, cells in rows(SETTINGS, "TAPELINE_[A-Z_]+").items()
        if reader in cells[1].split(", ")
    }
    fields = READERS[reader].model_fields
    assert written == {f"TAPELINE_{name.upper()}": default(f) for name, f in fields.items()}


def test_only_settings_that_exist_are_named() -> None:
    named = set(re.findall(r"TAPELINE_[A-Z_]*[A-Z]", README + SETTINGS + CHANGELOG))
    settings = {
        f"TAPELINE_{name.upper()}" for each in READERS.values() for name in each.model_fields
    }
    assert named <= settings | COMMANDS


def test_what_commands_read_is_named() -> None:
    assert set(re.findall(r"`(TAPELINE_[A-Z_]+)`", SETTINGS.rpartition("|\n\n")[2])) == COMMANDS


def test_every_reason_stands_in_its_table_with_its_sentence() -> None:
    _, _, table = README.partition("| reason | meaning |\n")
    written = rows(table.partition("\n\n")[0], "[a-z0-9_]+")
    assert list(written) == [reason.code for reason in Reason]
    about_a_field = {Reason.MISSING_FIELD, Reason.WRONG_TYPE}
    for reason in set(Reason) - about_a_field:
        _, sentence = fix_texts(reason, 0)
        is_named = sentence.startswith("a field ") or reason is Reason.UNSUPPORTED_MESSAGE_TYPE
        named = "; `detail` names it" if is_named else ""
        assert written[reason.code] == [sentence + named]


def test_every_reason_of_an_undelivered_alert_stands_in_its_table() -> None:
    section = README.partition("\n## Webhooks\n")[2].partition("\n## ")[0]
    _, _, table = section.partition("| reason | meaning |\n")
    assert set(rows(table.partition("\n\n")[0], "[a-z_]+")) == set(get_args(webhooks.Reason))


def test_every_form_of_an_upload_is_named_with_its_type() -> None:
    section = README.partition("\n## Uploads\n")[2].partition("\n## ")[0]
    for media_type in (*MEDIA_TYPES, MULTIPART):
        assert f"`{media_type}`" in section


def test_every_route_is_named_and_no_other() -> None:
    app = create_app(make_service())
    routers: list[APIRouter] = [
        importlib.import_module(f"api.routes.{module.name}").router
        for module in pkgutil.iter_modules(api.routes.__path__)
    ]
    paths = {route.path for router in routers for route in router.routes}  # type: ignore[attr-defined]
    paths |= {app.openapi_url, "/static"}
    section = README.partition("\n## API\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(?:GET |POST )?(/[^`]*)`", section))
    assert named == {path.replace(":path}", "}") for path in paths}
    for interval in INTERVALS:
        assert f"`{interval}`" in section


def test_every_field_of_the_output_topics_is_named() -> None:
    fields = {
        "candles": [field.name for field in msgspec.structs.fields(Candle)],
        "dead_letters": [field.name for field in msgspec.structs.fields(DeadLetter)],
        "undelivered_alerts": [field.name for field in msgspec.structs.fields(Undelivered)],
        "events": [field.name for field in msgspec.structs.fields(EventMessage)],
        "late_trades": [field.name for field in msgspec.structs.fields(LateTrade)],
        "ledger": [field.name for field in msgspec.structs.fields(Account)],
        "order_flow": [field.name for field in msgspec.structs.fields(Flow)],
        "book": [field.name for field in msgspec.structs.fields(book.Message)],
        "indicators": [field.name for field in msgspec.structs.fields(indicators.Message)],
        "sliding_windows": [field.name for field in msgspec.structs.fields(sliding.Message)],
        "anomalies": [field.name for field in msgspec.structs.fields(Anomaly)],
        "correlations": [field.name for field in msgspec.structs.fields(Correlation)],
        "alerts": [field.name for field in msgspec.structs.fields(Alert)],
        "analyzed_market_trends": [field.name for field in msgspec.structs.fields(Trend)],
    }
    for topic, expected in fields.items():
        (row,) = re.findall(rf"^\| `{topic}` \(out\) \|.*\| (.*) \|$", README, re.MULTILINE)
        assert re.findall(r"`(\w+)`", row) == expected


def test_the_trade_of_the_example_is_valid() -> None:
    (example,) = re.findall(r"```json\n(.*?)\n```", README, re.DOTALL)
    now = np.array([1_767_225_600_000])
    message = pa.array([example.encode()])
    (batch,) = decode(message, now, np.zeros(1, np.int32), np.zeros(1, np.int64), 0)
    assert (len(batch.trades), len(batch.rejects)) == (1, 0)


def test_every_link_leads_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    }
    links = re.findall(r"\]\(([^):]+)\)", README)
    assert len(links) > 5
    for link in links:
        assert link[1:] in headings if link.startswith("#") else (ROOT / link).is_file(), link


def test_the_scripts_that_are_named_exist() -> None:
    for name in re.findall(r"\b(?:scripts|jobs)/[\w/]+\.(?:py|sh)\b", README + CHANGELOG):
        assert (ROOT / name).is_file(), name


@pytest.mark.parametrize(
    ("name", "size"), [("light", (1300, 1150)), ("dark", (1300, 1150)), ("phone", (360, 780))]
)
def test_the_pictures_are_light_files_that_the_readme_shows(
    name: str, size: tuple[int, int]
) -> None:
    picture = (PICTURES / f"dashboard-{name}.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24]) == size
    assert len(picture) < 300_000
    assert f"docs/pictures/dashboard-{name}.png" in README


def test_the_newest_version_of_the_changelog_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = re.search(r"^## \[(.+?)\] - (?:Unreleased|\d{4}-\d\d-\d\d)$", CHANGELOG, re.MULTILINE)
    assert newest is not None
    assert newest[1] == project["version"]
