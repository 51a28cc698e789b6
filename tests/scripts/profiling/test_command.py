"""How the command is called, and what it says of what it cannot do."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from kafka.errors import KafkaTimeoutError

from jobs.settings import Settings
from scripts import profile
from scripts.profiling.report import Report
from scripts.profiling.terms import Terms
from scripts.stack.paths import ROOT
from tests.scripts.profiling.makers import recording, write_csv, write_ndjson, write_parquet

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the command in a folder of its own; returns how it ends."""
    monkeypatch.setattr("signal.signal", lambda *_: None)  # pytest keeps its own handlers
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["profile", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            profile.main()
        return int(ended.value.code or 0)

    return run


def test_a_report_is_a_folder_of_four_files(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_parquet(recording(), tmp_path / "day 1.parquet")
    assert run(path, "--gaps", "1s,10s", "--window", 10, "--fat-finger-percent", 20) == 0
    out = tmp_path / "profile-day-1"
    assert {each.name for each in out.iterdir()} == {
        "report.html",
        "report.json",
        "cleaned.parquet",
        "removed.parquet",
    }
    report = msgspec.json.decode((out / "report.json").read_bytes(), type=Report, strict=True)
    about = report.about
    assert (about.gaps_ms, about.window, about.least) == ((1_000, 10_000), 10, 10)
    assert about.fat_finger_percent == pytest.approx(20)
    counts = report.counts
    said = capsys.readouterr().out
    assert f"rows = {counts.cleaned:,} cleaned + {counts.removed:,} removed" in said
    assert "gaps of 10 s or more, the longest " in said
    assert "report.html" in said


def test_the_rules_are_those_of_the_jobs_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert profile.terms_of(Settings()) == Terms()
    monkeypatch.setenv("TAPELINE_FAT_FINGER_PERCENT", "25")
    monkeypatch.setenv("TAPELINE_GAPS_MS", "7,70")
    monkeypatch.setenv("TAPELINE_DUPLICATE_TTL_MS", "5")
    terms = profile.terms_of(profile.settings_with({}))
    assert (terms.scores.fat_finger, terms.scores.gaps_ms) == (0.25, (7, 70))
    assert terms.duplicates_ms == 5
    assert profile.terms_of(profile.settings_with({"gaps_ms": "9"})).scores.gaps_ms == (9,)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.parquet"], "found none: none.parquet"),
        (["none/*.csv"], "found none"),
        (["a.xlsx"], "expected .parquet"),
        (["a.ndjson", "--gaps", "5x"], "expected a duration"),
        (["a.ndjson", "--gaps", "5s,1s"], "gaps_ms"),
        (["a.ndjson", "--window", "1"], "z_window"),
        (["a.ndjson", "--fat-finger-percent", "0"], "fat_finger_percent"),
        (["a.ndjson", "--from", "yesterday"], "expected 2026"),
        (["a.ndjson", "--from", "2026-01-02T00:00:00Z", "--to", "0"], "--to must be after --from"),
        (["a.ndjson", "--memory", "much"], "expected memory as 1GB"),
        (["a.ndjson", "--out", "a.ndjson"], "expected a folder for the report"),
        (["header.csv"], "expected a header with symbol"),
        (["torn.csv.gz"], "torn.csv.gz"),
        (["broken.parquet"], "expected Parquet"),
        (["topic:none", "--bootstrap-servers", "nowhere:1"], "Kafka does not answer"),
        ([], "Missing argument"),
    ],
    ids=str,
)
def test_bad_input_is_a_line_and_exit_code_2(
    arguments: list[str],
    words: str,
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(_: str) -> None:
        raise KafkaTimeoutError("nowhere")

    monkeypatch.setattr("scripts.stack.topics.consumer", unreachable)
    write_ndjson(recording(count=50), tmp_path / "a.ndjson")
    (tmp_path / "a.xlsx").touch()
    (tmp_path / "header.csv").write_text("time,price\n1,2\n")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    (tmp_path / "torn.csv.gz").write_bytes(b"\x1f\x8b\x08\x00")
    assert run(*arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said


def test_several_files_are_one_recording(run: Run, tmp_path: Path) -> None:
    rows = recording(count=900)
    for number, write in enumerate((write_parquet, write_csv, write_ndjson)):
        kind = write.__name__.removeprefix("write_")
        write(rows[number::3], tmp_path / f"{number}.{kind}")
    assert run(tmp_path / "[0-9].*", "--out", tmp_path / "out") == 0
    report = msgspec.json.decode((tmp_path / "out" / "report.json").read_bytes(), type=Report)
    assert (report.counts.rows, report.about.parts) == (len(rows), 3)


def test_its_name_hides_no_module_of_python() -> None:
    program = "import cProfile, scripts.profile; cProfile.run('1'); import profile; profile.Profile"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
