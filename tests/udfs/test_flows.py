"""Order flow, against counts and sums in plain Python."""

import json
from collections import defaultdict
from math import fsum
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.udfs.makers import random_frame
from tests.udfs.order_makers import random_events
from udfs import flows
from udfs.candles import NO_IDS, Candles
from udfs.flows import FLOW
from udfs.frames import Frame
from udfs.intervals import INTERVALS
from udfs.scanner import BUY
from udfs.sources import ORDERS, PARTITIONS_PER_TOPIC
from udfs.windows import NEVER, Windows

seeds = st.integers(0, 2**32 - 1)
NAMES = [f"S{n}" for n in range(5)]
KINDS = ("orders", "cancels", "replaces")


def expected(
    events: NDArray[Any], frames: list[Frame]
) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Every flow there is, of all intervals."""
    counts = defaultdict[tuple[str, str, int], dict[str, int]](lambda: defaultdict(int))
    terms = defaultdict[tuple[str, str, int], dict[str, list[float]]](lambda: defaultdict(list))

    def note(symbol: str, time: int, what: str, **values: float) -> None:
        for interval, length in INTERVALS.items():
            key = (symbol, interval, time // length * length)
            counts[key][what] += 1
            for name, value in values.items():
                terms[key][name].append(value)

    for event in events:
        if event["kind"] < len(KINDS):
            side = "buy" if event["side"] == BUY else "sell"
            values = {}
            if event["kind"] == 0:
                quantity = float(event["quantity"])
                values = {
                    f"{side}_quantity": quantity,
                    f"{side}_notional": quantity * float(event["price"]),
                }
            name = NAMES[event["symbol"]]
            note(name, int(event["time"]), f"{side}_{KINDS[event['kind']]}", **values)
    for frame in frames:
        for trade in frame.trades:
            if trade["source"] >= ORDERS * PARTITIONS_PER_TOPIC:
                side = "buy" if trade["side"] == BUY else "sell"
                values = {f"{side}_filled": float(trade["quantity"])}
                name = frame.symbols[trade["symbol"]]
                note(name, int(trade["timestamp"]), f"{side}_fills", **values)
    found = {}
    for key, of in counts.items():
        sums = {name: fsum(values) for name, values in terms[key].items()}
        orders, cancels, replaces, fills = (
            of[f"buy_{kind}"] + of[f"sell_{kind}"] for kind in (*KINDS, "fills")
        )
        buy, sell = sums.get("buy_quantity", 0.0), sums.get("sell_quantity", 0.0)
        filled = sums.get("buy_filled", 0.0) + sums.get("sell_filled", 0.0)
        found[key] = {
            **{f"{side}_{kind}": of[f"{side}_{kind}"] for kind in (*KINDS, "fills")
               for side in ("buy", "sell")},
            **{f"{side}_{name}": sums.get(f"{side}_{name}", 0.0)
               for name in ("quantity", "notional", "filled") for side in ("buy", "sell")},
            "order_flow_imbalance": (buy - sell) / (buy + sell) if buy + sell else None,
            "cancel_ratio": cancels / orders if orders else None,
            "order_to_trade_ratio": (orders + cancels + replaces) / fills if fills else None,
            "fill_ratio": filled / (buy + sell) if buy + sell else None,
        }  # fmt: skip
    return found


def random_fills(rng: np.random.Generator, n: int) -> Frame:
    frame = random_frame(rng, n)
    of_orders = rng.random(n) < 0.7
    frame.trades["source"] = np.where(of_orders, ORDERS * PARTITIONS_PER_TOPIC + 3, 3)
    return frame


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(0, 300), st.integers(0, 100), st.lists(st.integers(0, 300), max_size=4))
def test_flows_are_the_counts_and_sums_of_what_came(
    seed: int, n: int, fills: int, cuts: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    events = random_events(rng, n, symbols=5)
    events["quantity"] = rng.lognormal(0, 3, n)
    frame = random_fills(rng, fills)
    windows = Windows(row=FLOW)
    for part in np.split(events, sorted(min(cut, n) for cut in cuts)):
        windows.add(Candles(flows.of_events(part), NO_IDS), 0)
        if rng.random() < 0.3:
            held = flows.unpack(flows.pack(windows.held.rows))
            windows = Windows(Candles(held, NO_IDS), FLOW)
    windows.add(Candles(flows.of_fills(frame), NO_IDS), 0)
    rows = windows.close(int(NEVER))
    found = {}
    for _, value in flows.messages(rows, NAMES, None):
        flow = json.loads(value)
        key = (flow.pop("symbol"), flow.pop("interval"), flow.pop("start"))
        assert flow.pop("end") == flow.pop("updated_at") == key[2] + INTERVALS[key[1]]
        assert (flow.pop("final"), flow.pop("revision")) == (True, 0)
        assert key not in found
        found[key] = flow
    assert found == expected(events, [frame])


def test_trades_of_no_order_are_no_fills() -> None:
    assert flows.of_fills(random_frame(np.random.default_rng(1), 10)).size == 0
