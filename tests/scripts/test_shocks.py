"""What the generator injects is found: every shock, with the z-score that it was made with."""

import dataclasses
import json
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from scripts import generator
from scripts.generate.feed import Feed, blocks
from scripts.generate.shocks import Shock
from tests.udfs.makers import column, each_of
from tests.udfs.test_shard import RULES
from udfs import frames, trades
from udfs.periods import ScoreRules
from udfs.shard import Output, Shard
from udfs.windows import NEVER

FEED = Feed(count=40_000, rate=2_000, inject=0.002, symbols=4)


@pytest.mark.parametrize("packed", [1, 50])
def test_every_shock_is_found_with_its_score(packed: int) -> None:
    truth: list[Shock] = []
    feed = dataclasses.replace(FEED, packed=packed)
    made = list(chain.from_iterable(blocks(feed, tell=truth.extend)))
    assert len(truth) > 50
    assert {shock.kind for shock in truth} == {"price", "quantity"}
    shard = Shard(0, dataclasses.replace(RULES, scores=ScoreRules()))
    outputs: list[Output] = []
    for first in range(0, len(made), 5_000 // packed):
        part = made[first : first + 5_000 // packed]
        times = np.array([message.timestamp_ms for message in part])
        sources, offsets = np.zeros(len(part), np.int32), np.arange(len(part))
        for batch in trades.decode(
            column(*(message.value for message in part)), times, sources, offsets, 60_000
        ):
            (frame,) = frames.split(batch, 1)
            outputs += shard.take(frames.pack(frame), int(times.min()) - 1_000, 0)
    outputs += shard.tick(int(NEVER), 0)
    found = {}
    for name, _, value in each_of(outputs):
        if name == "anomalies":
            each = json.loads(value)
            found[each["symbol"], each["kind"], each["timestamp"], each["value"]] = each["z"]
    for shock in truth:
        assert abs(shock.z) >= feed.inject_sigma
        z = found[shock.symbol, shock.kind, shock.timestamp, shock.value]
        assert z == pytest.approx(shock.z, rel=1e-6)


def test_shocks_change_no_other_trade() -> None:
    plain = list(chain.from_iterable(blocks(dataclasses.replace(FEED, inject=0.0))))
    truth: list[Shock] = []
    shocked = list(chain.from_iterable(blocks(FEED, tell=truth.extend)))
    assert len(plain) == len(shocked)
    differ = [a.value != b.value for a, b in zip(plain, shocked, strict=True)]
    assert sum(differ) == len(truth)


def test_what_cannot_be_told_of_is_not_injected(capsys: pytest.CaptureFixture[str]) -> None:
    for other in (["--orders"], ["--bad", "1%"], ["--disorder-ms", "5"]):
        with pytest.raises(SystemExit):
            generator.options(["--inject", "0.1%", *other])
        assert "--inject" in capsys.readouterr().err


def test_the_truth_is_written_down(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    write = generator.truth_writer(path)
    shock = Shock("A", 7, 1, "price", 2.5, 6.5)
    write([shock])
    write([shock, shock])
    assert [json.loads(line) for line in path.read_text().splitlines()] == [shock._asdict()] * 3
