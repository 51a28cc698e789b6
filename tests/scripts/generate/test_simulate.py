"""The command: what it writes, and what it says."""

import json
from pathlib import Path
from threading import Event

import msgspec
import pandas as pd
import pytest
from typer.testing import CliRunner

from scripts.generate.faults import FAULTS_OF
from scripts.generate.feed import Feed, blocks
from scripts.generate.manifest import Manifest
from scripts.generate.outs import ToParquet
from scripts.generate.run import Run
from scripts.generate.trade import Trade
from scripts.simulate import app
from tests import oracle

FIELDS = list(Trade.__struct_fields__)


def run(folder: Path, out: str, *options: str) -> tuple[Path, Manifest]:
    path = folder / f"made.{out}"
    ran = CliRunner().invoke(app, ["--out", out, "--path", str(path), *options])
    assert ran.exit_code == 0, ran.output
    assert list(folder.glob("*.partial")) == []
    manifest = path.with_name(path.name + ".manifest.json")
    return path, msgspec.json.decode(manifest.read_bytes(), type=Manifest)


def rows(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".csv":
        return pd.read_csv(path, keep_default_na=False)
    return pd.DataFrame(map(json.loads, path.read_bytes().splitlines()))


@pytest.mark.parametrize("out", ["parquet", "csv", "ndjson"])
def test_every_form_holds_the_same_trades(tmp_path: Path, out: str) -> None:
    path, manifest = run(tmp_path, out, "--count", "25000", "--rate", "10", "--seed", "4")
    feed = Feed(count=25_000, rate=10, seed=4, seasonal=True)
    sent = [json.loads(message.value) for block in blocks(feed) for message in block]
    assert rows(path)[FIELDS].to_dict("records") == sent
    assert (manifest.records, manifest.trades, manifest.rejected) == (25_000, 25_000, {})


@pytest.mark.parametrize("out", ["parquet", "csv", "ndjson"])
def test_what_is_broken_in_a_file_is_counted(tmp_path: Path, out: str) -> None:
    path, manifest = run(tmp_path, out, "--count", "20000", "--chaos", "20%")
    if out == "ndjson":
        lines = path.read_bytes().splitlines()
    else:
        lines = [msgspec.json.encode(row) for row in rows(path).to_dict("records")]
    assert len(lines) == manifest.records == 20_000
    reasons: dict[str, int] = {}
    good = 0
    for line in lines:
        trades, faults = oracle.read(oracle.Message(line, 2_000_000_000_000))
        good += len(trades)
        for fault in faults:
            reasons[fault.reason] = reasons.get(fault.reason, 0) + 1
    assert reasons == manifest.rejected
    assert good == manifest.trades + manifest.duplicates
    form = FAULTS_OF["lines" if out == "ndjson" else "columns"]
    assert set(reasons) == {fault.reason for fault in form}


def test_one_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ToParquet, "put", lambda *_: 1 / 0)
    market = Run(Feed(count=10), realtime=False, speed=0, manifest=None, stop=Event())
    with pytest.raises(ZeroDivisionError):
        market.to_file(ToParquet, tmp_path / "made.parquet")
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_stopped_has_counted_what_is_in_its_file(tmp_path: Path) -> None:
    stop = Event()

    class Stopping(ToParquet):
        def put(self, *made: object) -> None:
            super().put(*made)  # type: ignore[arg-type]
            if self.sent >= 20_000:
                stop.set()

    path, manifest = tmp_path / "made.parquet", tmp_path / "manifest"
    market = Run(Feed(count=None), realtime=False, speed=0, manifest=manifest, stop=stop)
    market.to_file(Stopping, path)
    counted = msgspec.json.decode(manifest.read_bytes(), type=Manifest)
    assert counted.records == len(rows(path)) == 30_000


def test_a_pace_is_held(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed = Feed(count=4_000, rate=200, block_s=2)
    market = Run(feed, realtime=False, speed=20, manifest=None, stop=Event())
    market.to_file(ToParquet, tmp_path / "made.parquet")
    assert "could not be held" not in capsys.readouterr().err
    assert market.held == pytest.approx(1, abs=0.02)


def test_a_pace_that_is_not_held_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = Feed(count=20_000, rate=1)
    market = Run(feed, realtime=False, speed=1e9, manifest=None, stop=Event())
    market.to_file(ToParquet, tmp_path / "made.parquet")
    assert "the pace could not be held" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--chaos", "5x"], "no share"),
        (["--chaos", "101%"], "no share"),
        (["--count", "0"], "--count"),
        (["--symbols", "10001"], "--symbols"),
        (["--packed", "5001"], "--packed"),
        (["--start", "noon"], "noon"),
        (["--out", "xls"], "xls"),
        (["--realtime", "--speed", "2"], "--realtime"),
        (["--preset", "l3-small", "--out", "csv"], "Kafka only"),
        (["--compression", "rar"], "rar"),
    ],
)
def test_wrong_arguments_are_refused(options: list[str], said: str) -> None:
    ran = CliRunner().invoke(app, options)
    assert ran.exit_code == 2
    assert said in ran.output
