"""Replays and repairs, as far as they need neither a broker nor a cluster."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from jobs.settings import OUTPUTS, Settings
from scripts import replay as command
from scripts.rerun.letters import Outcome, Place, place_of
from scripts.rerun.repairs import UNKNOWN_MS, RepairError, judge, loaded, setting, unchanged
from scripts.rerun.replay import replayed
from scripts.rerun.spans import compact, duration_ms, time_ms
from udfs.dead_letters import DeadLetter
from udfs.reasons import Reason

NOON = 1_767_268_800_000  # 2026-01-01 12:00 UTC
TRADE = {"symbol": "A/B", "price": 1.5, "quantity": 2.0, "timestamp": NOON, "side": "buy"}


def letter(record: object, reason: str = "invalid_side") -> DeadLetter:
    payload = record if isinstance(record, bytes) else msgspec.json.encode(record)
    return DeadLetter("trades", 2, 7, 1, reason, "", payload, NOON)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0", 0),
        ("1767268800000", NOON),
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01T12:00:00.250Z", NOON + 250),
        ("2026-01-01T13:30:00+01:30", NOON),
    ],
)
def test_times_are_ms_or_rfc_3339(text: str, ms: int) -> None:
    assert time_ms(text) == ms


@pytest.mark.parametrize("text", ["", "noon", "-1", "2026-01-01T12:00:00", "2026-01-01", "1" * 16])
def test_a_time_without_a_zone_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        time_ms(text)


@pytest.mark.parametrize(
    ("text", "ms"), [("1ms", 1), ("30s", 30_000), ("15m", 900_000), ("36h", 129_600_000)]
)
def test_durations_have_a_unit(text: str, ms: int) -> None:
    assert duration_ms(text) == ms
    with pytest.raises(ValueError, match="expected a duration"):
        duration_ms(text.strip("msh"))


@pytest.mark.parametrize(
    ("ms", "text"), [(NOON, "20260101T120000Z"), (NOON + 7, "20260101T120000.007Z")]
)
def test_a_time_can_stand_in_the_name_of_a_topic(ms: int, text: str) -> None:
    assert compact(ms) == text


LIVE = Settings(
    bootstrap_servers="a:1,b:2",
    trades_topics=("one", "two"),
    watermark_delay_ms=2_000,
    correction_ms=900_000,
    shards=4,
    delivery="exactly-once",
)


@pytest.mark.parametrize(
    ("late_ms", "delay_ms"), [(0, 902_000), (60_000, 902_000), (3_600_000, 3_602_000)]
)
def test_a_replay_takes_in_time_what_was_a_correction(late_ms: int, delay_ms: int) -> None:
    found = replayed(LIVE, NOON, NOON + 1, "again-", late_ms)
    assert (found.watermark_delay_ms, found.correction_ms) == (delay_ms, 0)
    assert (found.forming_intervals, found.updated_at) == ((), "end")
    assert found.span_ms == (NOON, NOON + 1)
    assert list(found.outputs.values()) == [f"again-{name}" for name in OUTPUTS]
    assert found.group_id.startswith("again-")
    assert found.delivery == "at-least-once"
    same = ("bootstrap_servers", "trades_topics", "shards", "max_ahead_ms", "duplicate_ttl_ms")
    assert all(getattr(found, name) == getattr(LIVE, name) for name in same)


def test_the_job_reads_the_settings_of_a_replay_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = replayed(LIVE, NOON, NOON + 1, "again-", 0)
    for name, value in given.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == given


def test_a_prefix_must_make_names_of_topics() -> None:
    with pytest.raises(ValidationError, match="candles_topic"):
        replayed(LIVE, NOON, NOON + 1, "my replay ", 0)


def test_set_changes_fields_and_keeps_the_others() -> None:
    repair = setting(["side=sell", "price=10.25", 'trade_id="7"', "exchange=null"])
    repaired = repair(letter({**TRADE, "side": "?", "more": [1]}))
    assert repaired is not None
    assert msgspec.json.decode(repaired) == {
        **TRADE,
        "side": "sell",
        "price": 10.25,
        "trade_id": "7",
        "exchange": None,
        "more": [1],
    }


@pytest.mark.parametrize("payload", [b"", b"[1]", b'"text"', b"{", b"\xff", b'{"a":"\xff"}'])
def test_set_leaves_what_is_no_object(payload: bytes) -> None:
    assert setting(["side=buy"])(letter(payload)) is None


@pytest.mark.parametrize("assignment", ["side", "=buy", ""])
def test_an_assignment_names_a_field_and_a_value(assignment: str) -> None:
    with pytest.raises(RepairError, match="expected field=value"):
        setting([assignment])


@pytest.fixture
def repairs_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "my_repairs.py").write_text(
        "def upper(letter):\n"
        "    return letter['payload'].upper() if letter['index'] == 1 else None\n"
        "def wrong(letter):\n"
        "    return letter['reason']\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return "my_repairs"


def test_a_function_of_ones_own_gets_the_letter_as_a_dict(repairs_module: str) -> None:
    repair = loaded(f"{repairs_module}:upper")
    assert repair(letter(b"abc")) == b"ABC"
    assert repair(msgspec.structs.replace(letter(b"abc"), index=0)) is None
    with pytest.raises(RepairError, match="must return bytes or None, got str"):
        loaded(f"{repairs_module}:wrong")(letter(b"abc"))
    for name in ("nowhere:f", f"{repairs_module}:nothing", repairs_module, ":f"):
        with pytest.raises(RepairError, match="expected module:function"):
            loaded(name)


def test_without_a_repair_a_record_is_judged_anew() -> None:
    early = letter({**TRADE, "timestamp": NOON + 70_000}, "timestamp_ahead")
    assert judge(unchanged(early), NOON, 60_000).reason == "timestamp_ahead"
    assert judge(unchanged(early), NOON, 70_000).reason is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),
        ({"side": "BUY"}, Reason.INVALID_SIDE),
        ({"price": -1}, Reason.INVALID_PRICE),
        ({"symbol": None}, Reason.WRONG_TYPE),
        ({"timestamp": NOON + 1}, Reason.TIMESTAMP_AHEAD),
    ],
)
def test_a_record_is_judged_as_the_job_does(changed: dict[str, Any], reason: Reason | None) -> None:
    verdict = judge(msgspec.json.encode({**TRADE, **changed}), NOON, 0)
    assert verdict.reason == (reason and reason.code)
    assert bool(verdict.detail) == (reason is not None)
    assert (verdict.timestamp, verdict.symbol) == ((0, "") if reason else (NOON, "A/B"))


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b"\xff", b"{}\n{}"])
def test_any_bytes_can_be_judged(payload: bytes) -> None:
    assert judge(payload, UNKNOWN_MS, 60_000).reason is not None


def test_several_records_are_broken_if_one_is() -> None:
    good, bad = TRADE, {**TRADE, "side": "?"}
    assert judge(msgspec.json.encode([good, {**good, "timestamp": NOON - 5}]), NOON, 0) == (
        judge(msgspec.json.encode(good), NOON, 0)
    )
    assert judge(msgspec.json.encode([good, bad]), NOON, 0).reason == "invalid_side"


def test_a_place_is_told_from_all_others_by_its_header() -> None:
    assert place_of(letter(TRADE)).header == b"trades/2/7/1"
    assert Place("t", 1, 11, 0).header != Place("t", 11, 1, 0).header


def test_the_outcome_is_told_in_full() -> None:
    outcome = Outcome(repaired=1_234, sent_before=1, left=2, without_topic=3)
    outcome.broken.update(invalid_side=2, invalid_json=3)
    assert list(outcome.lines()) == [
        "1,234 repaired",
        "5 still broken",
        "  3 invalid_json",
        "  2 invalid_side",
        "6 skipped",
        "  1 were repaired and sent before",
        "  2 the repair does not apply to",
        "  3 of topics that are no more",
    ]


RANGE = ["range", "--from", "2026-01-01T12:00:00Z", "--to", str(NOON + 1)]


def test_a_command_line_is_understood() -> None:
    found = command.options([*RANGE, "--late", "7d", "--parallelism", "2"])
    assert (found.from_ms, found.to_ms, found.late) == (NOON, NOON + 1, 7 * 86_400_000)
    assert (found.prefix, found.bootstrap_servers, found.parallelism) == (None, None, 2)
    assert command.options([*RANGE, "--late", "all"]).late == command.ALL
    found = command.options(["letters", "--set", "a=1", "--set", "b=2", "--reason", "invalid_side"])
    assert (found.set, found.reason, found.dry_run) == (["a=1", "b=2"], "invalid_side", False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: command"),
        (["range"], "required: --from, --to"),
        ([*RANGE, "--from", "yesterday"], "got yesterday"),
        ([*RANGE, "--late", "1"], "expected a duration"),
        ([*RANGE, "--parallelism", "0"], "invalid choice"),
        (["letters", "--reason", "bad"], "invalid choice"),
        (["letters", "--set", "a=1", "--repair", "m:f"], "not allowed with"),
    ],
)
def test_a_wrong_command_line_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refusal:
        command.options(arguments)
    assert refusal.value.code == 2
    assert message in capsys.readouterr().err
