import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.settings import Settings
from udfs.alert_rules import AlertRule
from udfs.periods import ModelRules
from udfs.shard import Rules

RulesOf = Callable[[Settings], Rules]


@pytest.fixture(scope="module")
def rules() -> RulesOf:
    with warnings.catch_warnings():
        # PyFlink's tables import what PyFlink has deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        from jobs.market import rules
    return rules


@pytest.mark.parametrize(
    ("delivery", "updated_at", "correction_ms", "may_repeat"),
    [
        ("at-least-once", "clock", 0, True),
        ("exactly-once", "clock", 900_000, False),
        ("at-least-once", "end", 900_000, True),
        # In a replay a candle is the same after a recovery: it needs no new revision.
        ("at-least-once", "end", 0, False),
    ],
)
def test_revisions_tell_repeated_candles_apart_where_these_could_differ(
    rules: RulesOf, delivery: str, updated_at: str, correction_ms: int, may_repeat: bool
) -> None:
    found = rules(Settings(delivery=delivery, updated_at=updated_at, correction_ms=correction_ms))
    assert (found.may_repeat, found.stamp_end) == (may_repeat, updated_at == "end")


@pytest.mark.parametrize(("stop_at", "quiet_ms"), [("never", 7), ("latest", 0), ("5", 0)])
def test_a_bounded_runs_time_passes_with_its_records_alone(
    rules: RulesOf, stop_at: str, quiet_ms: int
) -> None:
    assert rules(Settings(stop_at=stop_at, idle_timeout_ms=7)).quiet_ms == quiet_ms


def test_analytics_are_switched_off_together(rules: RulesOf) -> None:
    found = rules(Settings(analytics=False))
    assert (found.analytics.intervals, found.analytics.windows) == ((), ())
    assert (found.analytics.trends, found.scores.window) == (False, 0)
    assert rules(Settings(analytics=False, model_intervals=("1m",))).analytics.model.intervals == ()
    found = rules(Settings())
    assert (len(found.analytics.intervals), len(found.analytics.windows)) == (8, 3)
    assert (found.analytics.trends, found.scores.window) == (True, 100)


def test_a_model_learns_the_intervals_that_are_asked_for_alone(rules: RulesOf) -> None:
    assert rules(Settings()).analytics.model == ModelRules()
    own = Settings(
        model_intervals=("1m", "1h"),
        model_threshold=0.9,
        model_trees=5,
        model_height=4,
        model_window=100,
    )
    assert rules(own).analytics.model == ModelRules(("1m", "1h"), 5, 4, 100, 0.9)


def test_the_rules_of_alerts_are_those_of_the_file(rules: RulesOf, tmp_path: Path) -> None:
    assert rules(Settings()).alerts == ()
    file = tmp_path / "rules.yaml"
    file.write_text("rules: [{name: a, kind: price, threshold: 6}]")
    assert rules(Settings(alerts_file=str(file))).alerts == (AlertRule("a", "price", 6.0),)
