import sys
from pathlib import Path

import pytest

from scripts import replay_file
from scripts.sources import command


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> object:
    monkeypatch.setattr(sys, "argv", ["replay_file", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        command.run(replay_file.app, "replay_file")
    return ended.value.code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone.csv"], "there is no such file or folder"),
        (["a.txt"], "expected a file of .parquet, .csv"),
        (["empty"], "expected files of .parquet"),
        (["a.csv"], "expected a column for symbol (symbol, ticker, s)"),
        (["i.csv"], "expected --symbols"),
        (["a.parquet"], "expected Parquet"),
        (["i.csv", "a.fix"], "expected either trades or FIX"),
        (["a.fix", "--from", "noon"], "expected 2026-01-01T12:00:00Z"),
        (["a.fix", "--symbols", "A,A"], "expected different symbols"),
        (["a.fix", "--speed", "-1"], "--speed"),
        (["a.fix", "--packed", "0"], "--packed"),
        ([], "Usage"),
    ],
)
def test_what_is_wrong_is_said_and_ends_with_2(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAPELINE_HOME", str(tmp_path))
    Path("empty").mkdir()
    Path("a.txt").write_text("")
    Path("a.csv").write_text("a,b\n")
    Path("i.csv").write_text("1,0,0,1,1,1\n")
    Path("a.parquet").write_text("no")
    Path("a.fix").write_text("")
    assert run(monkeypatch, *arguments) == 2
    told = capsys.readouterr()
    assert said in " ".join((told.err + told.out).replace("│", "").split())
