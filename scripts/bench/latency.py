"""How old a trade is when its candle is served: ``python -m scripts.bench.latency``.

A whole Tapeline runs on ports of its own, the generator sends 10,000 trades a second, one a
message, and a probe sends one more trade of a symbol of its own every 50 ms. The service is asked
for that symbol's candles all the time. A probe's latency runs from the broker's acknowledgement to
the first answer whose candles count it. The figures go to ``scripts/bench/results.md``.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

import httpx
import msgspec
import numpy as np

from scripts.bench import results
from scripts.sources.sender import producer
from scripts.stack.kernels import compile_kernels
from scripts.stack.local import LocalTapeline
from scripts.stack.ports import free_port
from scripts.stack.settings import StackSettings
from scripts.stack.waiting import wait_until

SYMBOL = "PROBE"
PROBE_EVERY_S = 0.05
ASK_EVERY_S = 0.01
INTERVALS = ("1s", "1m")


class Probe(threading.Thread):
    """Sends trades and notes when the broker had each."""

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        super().__init__(daemon=True)
        self._topic = topic
        self._producer = producer(bootstrap_servers, None)
        self.acknowledged: list[float] = []
        self.stop = threading.Event()

    def run(self) -> None:
        """Sends until it is stopped."""
        while not self.stop.wait(PROBE_EVERY_S):
            now_ms = time.time_ns() // 1_000_000
            trade = {
                "symbol": SYMBOL,
                "price": 1.0,
                "quantity": 1.0,
                "timestamp": now_ms,
                "side": "buy",
                "trade_id": len(self.acknowledged),
            }
            sent = self._producer.send(
                self._topic, msgspec.json.encode(trade), SYMBOL.encode(), timestamp_ms=now_ms
            )
            sent.get(10)
            self.acknowledged.append(time.monotonic())
        self._producer.close()


def measure(tapeline: LocalTapeline, warm_up_s: float, seconds: float) -> dict[str, list[float]]:
    """Seconds from acknowledgement to answer of each probe, in candles of each interval."""
    probe = Probe(tapeline.broker.bootstrap_servers, tapeline.job_settings.trades_topics[0])
    probe.start()
    seen: dict[str, list[float]] = {interval: [] for interval in INTERVALS}
    ends = time.monotonic() + warm_up_s + seconds
    with httpx.Client(base_url=tapeline.api.url) as client:
        while time.monotonic() < ends + 5:
            if time.monotonic() > ends:
                probe.stop.set()
            for interval, times in seen.items():
                answer = client.get(
                    f"/api/candles/{SYMBOL}", params={"interval": interval, "limit": 1000}
                )
                if answer.status_code == 200:
                    counted = sum(candle["trades"] for candle in answer.json()["candles"])
                    times += [time.monotonic()] * (counted - len(times))
            time.sleep(ASK_EVERY_S)
    probe.join()
    first = next(i for i, at in enumerate(probe.acknowledged) if at > ends - seconds)
    for interval, times in seen.items():
        if len(times) != len(probe.acknowledged):
            raise SystemExit(f"{interval}: {len(times)} of {len(probe.acknowledged)} were served")
    return {
        interval: [b - a for a, b in zip(probe.acknowledged, times, strict=True)][first:]
        for interval, times in seen.items()
    }


def main() -> None:
    """Measures and writes the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=10_000, help="trades per second")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--warm-up", type=float, default=60, help="seconds not counted")
    options = parser.parse_args()
    compile_kernels()
    with tempfile.TemporaryDirectory(prefix="tapeline-latency-") as home:
        tapeline = LocalTapeline(
            StackSettings(
                home=Path(home),
                kafka_port=free_port(),
                flink_port=free_port(),
                api_port=free_port(),
                generator_rate=options.rate,
            )
        )
        try:
            tapeline.broker.start()
            tapeline.create_topics()
            tapeline.cluster.start()
            tapeline.start_job(fresh=True)
            tapeline.generator.start()
            tapeline.api.start()
            wait_until(tapeline.api.ready, "candles", 120)
            print(f"running; {options.warm_up + options.seconds:.0f} s to go", flush=True)
            latencies = measure(tapeline, options.warm_up, options.seconds)
        finally:
            tapeline.stop()
    rows = []
    for interval, seconds in latencies.items():
        p50, p99 = np.quantile(seconds, [0.5, 0.99])
        rows.append(f"| {interval} | {len(seconds)} | {p50:.2f} | {p99:.2f} | {max(seconds):.2f} |")
        print(rows[-1], flush=True)
    results.write(
        "Latency",
        "\n".join(
            [
                "```",
                f"python -m scripts.bench.latency --rate {options.rate:g} "
                f"--seconds {options.seconds:g} --warm-up {options.warm_up:g}",
                "```",
                "",
                f"From the broker's acknowledgement of a trade to the first answer of the API that "
                f"counts it, while {options.rate:,.0f} trades/s are sent one a message. Seconds.",
                "",
                "| candle | probes | p50 | p99 | most |",
                "| --- | --- | --- | --- | --- |",
                *rows,
            ]
        ),
    )


if __name__ == "__main__":
    main()
