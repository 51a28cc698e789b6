"""docs/profile.md says what the report has."""

import re

import msgspec
import pytest

from scripts.profiling import report
from scripts.stack.paths import ROOT

TEXT = (ROOT / "docs" / "profile.md").read_text()
OBJECTS: dict[str, type[msgspec.Struct]] = {
    "the report": report.Report,
    "`about`": report.About,
    "`counts`": report.Counts,
    "series": report.Series,
    "`price`, `quantity`": report.Spread,
    "one of `gaps`": report.Gaps,
    "`out_of_order`": report.Disorder,
    "one of `longest_gaps`": report.Gap,
    "one of `fat_fingers`": report.FatFinger,
}


@pytest.mark.parametrize("name", OBJECTS)
def test_every_field_of_the_report_is_named(name: str) -> None:
    (fields,) = re.findall(rf"^\| {re.escape(name)} \| (.*) \|$", TEXT, re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", fields))
    expected = {field.name for field in msgspec.structs.fields(OBJECTS[name])}
    assert expected <= named


def test_it_is_of_this_version() -> None:
    assert f"`version` ({report.VERSION})" in TEXT
