"""A profile: all of an input in, the report and the two sets of rows out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.profiling import drawn, findings, outputs, series, statistics
from scripts.profiling.database import database
from scripts.profiling.drawn import Drawn
from scripts.profiling.findings import Findings
from scripts.profiling.intake import Intake
from scripts.profiling.piece import Input
from scripts.profiling.report import (
    VERSION,
    About,
    Counts,
    Gap,
    Report,
)
from scripts.profiling.store import Store
from scripts.profiling.terms import Terms


@dataclass(frozen=True)
class Profile:
    """What came out, beside the files."""

    report: Report
    drawn: Drawn


def profile(
    given: Input,
    terms: Terms,
    out: Path,
    scratch: Path,
    tell: Callable[[str, float], None] = lambda step, read: None,
) -> Profile:
    """Profiles an input; writes ``cleaned.parquet`` and ``removed.parquet``.

    Args:
        given: The input.
        terms: By which rules, and which of its trades.
        out: A folder that is there.
        scratch: Another, for what does not fit in memory; the caller removes it.
        tell: Told of each step, and while the input is read how much more of it was.

    Raises:
        ProfileError: The input cannot be read.
    """
    with Store(scratch) as store:
        intake = Intake(terms, store)
        intake.read(given, lambda read: tell("reading", read))
    with database(scratch, terms.memory, store, intake.names, given.parts) as connection:
        tell("gaps and fat fingers", 0.0)
        found = findings.find(connection, terms, len(intake.names.symbols), scratch)
        tell("statistics", 0.0)
        total, symbols = series.of(connection, intake, found, terms, given.is_topic)
        invalid = statistics.invalid(connection)
        farthest = statistics.farthest(connection)
        shown = drawn.draw(connection, found, total)
        tell("cleaned.parquet", 0.0)
        cleaned = outputs.write_cleaned(connection, out / "cleaned.parquet", terms.keep_outliers)
        tell("removed.parquet", 0.0)
        removed = outputs.write_removed(connection, out / "removed.parquet", terms.keep_outliers)
    rejected = sum(invalid.values())
    report = Report(
        VERSION,
        _about(given, terms),
        Counts(
            total.trades + total.duplicates + rejected,
            cleaned,
            removed,
            rejected,
            total.duplicates,
            total.fat_fingers,
            intake.outside,
        ),
        invalid,
        total,
        symbols,
        _longest(found, intake.names.symbols),
        farthest,
    )
    return Profile(report, shown)


def _about(given: Input, terms: Terms) -> About:
    scores = terms.scores
    return About(
        given.name,
        len(given.parts),
        scores.gaps_ms,
        100 * scores.fat_finger,
        scores.window,
        scores.least,
        terms.duplicates_ms,
        sorted(terms.symbols),
        terms.from_ms,
        terms.to_ms,
        terms.keep_outliers,
    )


def _longest(found: Findings, symbols: list[str]) -> list[Gap]:
    return [
        Gap(symbols[symbol], start, start + length, length, threshold)
        for length, symbol, start, threshold in found.listed.tolist()
    ]
