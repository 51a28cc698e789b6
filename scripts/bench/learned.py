"""What learned anomalies cost and find: ``python -m scripts.bench.learned``; it needs river.

First the time and the state of the model beside river's, over the same candles of one second; then
which share of made-up candles is rare to it, of those with a shock among their trades and of the
others, at several thresholds, and how the robust scores of the same candles do.
"""

import pickle
import time
from collections.abc import Callable
from itertools import chain, groupby

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from river import anomaly, compose, preprocessing

from scripts.generate.feed import Feed, blocks
from scripts.generate.shocks import Shock
from udfs import candles, frames, learned, robust, trades
from udfs.intervals import SECOND_MS
from udfs.learned import FEATURES, SCORE, Model
from udfs.periods import ModelRules, RobustRules
from udfs.robust import Robust
from udfs.series import Recurrence

RUNS = 5
SEEDS = 3
FEEDS = ((20.0, 6_000), (200.0, 1_000), (2_000.0, 600))
"""Trades per second, and seconds."""
SHOCKED = 0.01
"""Of all candles, about."""
SIGMAS = (6.0, 15.0)
THRESHOLDS = (0.9, 0.925, 0.95, 0.975)
KINDS = ("price", "quantity")
PART_MS = 10_000
Candles = NDArray[np.void]


def main() -> None:
    """Measures and prints."""
    for module in (trades, frames, candles, robust, learned):
        module.warm_up()
    rules = ModelRules()
    _costs(rules)
    print("\ntrades/s  sigma  threshold  false  price shocks  quantity shocks")
    for rate, seconds in FEEDS:
        for sigma in SIGMAS:
            _finds(rules, rate, seconds, sigma)


def _costs(rules: ModelRules) -> None:
    rows, symbols, _ = _candles(Feed(count=120_000, rate=20))
    rows = rows[rows["symbol"] == symbols.index("BTCUSDT")]
    rows["symbol"] = 0
    model = Model(rules)
    values = _values(model, rows)
    own = min(_seconds(lambda: _values(model, rows)) for _ in range(RUNS)) / rows.size
    seen = [dict(zip(FEATURES, row, strict=True)) for row in values[1:, -len(FEATURES) :].tolist()]
    pipeline = compose.Pipeline(
        preprocessing.MinMaxScaler(),
        anomaly.HalfSpaceTrees(rules.trees, rules.height, rules.window, seed=1),
    )

    def rivers() -> None:
        for features in seen:
            pipeline.score_one(features)
            pipeline.learn_one(features)

    other = min(_seconds(rivers) for _ in range(2)) / len(seen)
    written = len(pickle.dumps(pipeline))
    loaded = min(_seconds(lambda: pickle.loads(pickle.dumps(pipeline))) for _ in range(RUNS))
    print(f"{rows.size:,} candles of one series")
    print(f"own   {own * 1e6:7.2f} us a candle, state {model.width * 8:,} bytes")
    print(
        f"river {other * 1e6:7.2f} us a candle, state {written:,} bytes pickled, "
        f"{loaded * 1e6:,.0f} us to write and read"
    )


def _finds(rules: ModelRules, rate: float, seconds: int, sigma: float) -> None:
    scores, robusts, kinds = [], [], []
    for seed in range(1, SEEDS + 1):
        # Trades are in fewer candles than there are of them.
        share = SHOCKED / max(rate / 6, 1)
        feed = Feed(
            seed=seed, count=int(rate * seconds), rate=rate, inject=share, inject_sigma=sigma
        )
        rows, symbols, shocks = _candles(feed)
        values = _values(Robust(RobustRules.window, RobustRules.least), rows)
        values = values[:, [robust.SCORE, robust.FIELDS + robust.SCORE]]
        robusts.append(np.fmax.reduce(np.abs(values), axis=1))
        scores.append(_values(Model(rules), rows)[:, SCORE])
        of = {(shock.symbol, shock.timestamp // SECOND_MS * SECOND_MS): shock for shock in shocks}
        keys = [(symbols[code], start) for code, start in rows[["symbol", "start"]].tolist()]
        kinds.append([KINDS.index(of[key].kind) if key in of else -1 for key in keys])
    score, judged, kind = map(np.concatenate, (scores, robusts, kinds))
    is_scored = ~np.isnan(score)
    counts = [int((is_scored & (kind == each)).sum()) for each in (-1, 0, 1)]
    print(f"{rate:8g}  {sigma:5g}     {'of':>6}  " + "  ".join(map(str, counts)))
    for label, is_found in (
        *((f"{threshold:g}", score >= threshold) for threshold in THRESHOLDS),
        ("robust 3", judged >= RobustRules.threshold),
    ):
        shares = [is_found[is_scored & (kind == each)].mean() for each in (-1, 0, 1)]
        print(f"{rate:8g}  {sigma:5g}  {label:>9}  " + "  ".join(f"{each:.2%}" for each in shares))


def _candles(feed: Feed) -> tuple[Candles, list[str], list[Shock]]:
    """The candles of one second of a feed, by start; its symbols; the shocks among its trades."""
    shocks: list[Shock] = []
    made = list(chain.from_iterable(blocks(feed, tell=shocks.extend)))
    symbols: dict[str, int] = {}
    parts = []
    # No second is cut in two.
    for _, some in groupby(made, lambda message: message.timestamp_ms // PART_MS):
        part = list(some)
        column = pa.array([message.value for message in part], pa.binary())
        times = np.array([message.timestamp_ms for message in part])
        sources, offsets = np.zeros(len(part), np.int32), np.arange(len(part))
        (batch,) = trades.decode(column, times, sources, offsets, 60_000)
        (frame,) = frames.split(batch, 1)
        rows = candles.of_frame(frame).rows
        codes = np.array([symbols.setdefault(name, len(symbols)) for name in frame.symbols])
        rows["symbol"] = codes[rows["symbol"]]
        parts.append(rows[np.argsort(rows["start"], kind="stable")])
    return np.concatenate(parts), list(symbols), shocks


def _values(recurrence: Recurrence, rows: Candles) -> NDArray[np.float64]:
    """Those of candles of whole series, from their first on."""
    places = rows["symbol"].astype(np.int64)
    return recurrence.advance(np.zeros((places.max() + 1, recurrence.width)), places, rows)


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
