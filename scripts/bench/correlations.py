"""How soon correlations of all pairs come: ``python -m scripts.bench.correlations``.

The job runs on a broker and a cluster of its own. It gets an hour of trades of 1,000 symbols at
once, then minute after minute: the trades of a minute and, when these are worked off, one of each
symbol that is as much later as the watermark is behind. One time runs from the broker's
acknowledgement of the last of these, which close the minute, to the last message of its half a
million pairs as a consumer gets it; another, to there from when the watermark has closed the minute
where they are computed. The figures go to ``scripts/bench/results.md``.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from kafka import KafkaConsumer, TopicPartition

from scripts.bench import results
from scripts.sources.sender import producer
from scripts.stack.kernels import compile_kernels
from scripts.stack.local import LocalTapeline
from scripts.stack.ports import free_port
from scripts.stack.settings import StackSettings
from udfs.intervals import MINUTE_MS

TRADES_A_MINUTE = 10
"""Of each symbol."""
SETTLE_S = 3
"""A minute's trades come within a minute, not at once: so long they have before it is closed."""
TIMEOUT_S = 120


class Market:
    """Trades of symbols whose prices wander together, as they are sent."""

    def __init__(self, tapeline: LocalTapeline, symbols: int) -> None:
        self._settings = tapeline.job_settings
        self._names = [f"S{n:04d}" for n in range(symbols)]
        self._prices = np.full(symbols, 100.0)
        self._rng = np.random.default_rng(1)
        self._producer = producer(self._settings.bootstrap_servers, None)

    def send_minute(self, start_ms: int, trades: int) -> None:
        """Sends trades of a minute, the last of them just before its end."""
        delay_ms = self._settings.watermark_delay_ms
        for ms in np.linspace(start_ms + delay_ms + 2, start_ms + MINUTE_MS - 1, trades).tolist():
            self._send(int(ms))
        self._producer.flush()

    def close_minute(self, start_ms: int) -> None:
        """Sends the trades that end it; returns when the broker has them."""
        self._send(start_ms + MINUTE_MS + self._settings.watermark_delay_ms + 1)
        self._producer.flush()

    def _send(self, ms: int) -> None:
        """A trade of each symbol."""
        moves = self._rng.standard_normal(1) + self._rng.standard_normal(self._prices.size)
        self._prices *= np.exp(moves * 1e-4)
        for name, price in zip(self._names, self._prices.tolist(), strict=True):
            trade = {
                **{"symbol": name, "price": price, "quantity": 1.0, "timestamp": ms},
                "side": "buy",
            }
            self._producer.send(
                self._settings.trades_topics[0],
                msgspec.json.encode(trade),
                name.encode(),
                timestamp_ms=ms,
            )


def measure(
    tapeline: LocalTapeline, symbols: int, minutes: int
) -> Iterator[tuple[float, float, int]]:
    """Of each of so many minutes: seconds from both begins until all is there, and its bytes."""
    settings = tapeline.job_settings
    market = Market(tapeline, symbols)
    now_ms = time.time_ns() // 1_000_000 // MINUTE_MS * MINUTE_MS
    start_ms = now_ms - (settings.correlation_window + minutes + 2) * MINUTE_MS
    consumer = KafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers, auto_offset_reset="earliest"
    )
    topic = settings.outputs["correlations"]
    consumer.assign([TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()])
    for number in range(settings.correlation_window + 1 + minutes):
        end_ms = start_ms + MINUTE_MS
        is_history = number < settings.correlation_window
        market.send_minute(start_ms, 2 if is_history else TRADES_A_MINUTE)
        if not is_history:
            time.sleep(SETTLE_S)
        market.close_minute(start_ms)
        start_ms, sent = end_ms, time.monotonic()
        if is_history:
            continue
        there: dict[bytes, int] = {}
        while len(there) < symbols - 1:
            if time.monotonic() > sent + TIMEOUT_S:
                raise SystemExit(f"{len(there)} messages of the minute came in {TIMEOUT_S} s")
            for records in consumer.poll(timeout_ms=20).values():
                for record in records:
                    # The timestamp stands near the begin: what else it has is not looked at here.
                    if b'"timestamp":%d,' % end_ms in record.value[:80]:
                        there[record.key] = len(record.value)
                        closed_ms = int(record.value.rpartition(b":")[2][:-1])
        seconds, since_closed = time.monotonic() - sent, time.time() - closed_ms / 1_000
        if number > settings.correlation_window:
            yield seconds, since_closed, sum(there.values())
    consumer.close()


def main() -> None:
    """Measures and writes the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--symbols", type=int, default=1_000)
    parser.add_argument("--minutes", type=int, default=20)
    options = parser.parse_args()
    compile_kernels()
    with tempfile.TemporaryDirectory(prefix="tapeline-correlations-") as home:
        tapeline = LocalTapeline(
            StackSettings(home=Path(home), kafka_port=free_port(), flink_port=free_port())
        )
        try:
            tapeline.broker.start()
            tapeline.create_topics()
            tapeline.cluster.start()
            tapeline.start_job(fresh=True)
            found = []
            for each in measure(tapeline, options.symbols, options.minutes):
                found.append(each)
                print(f"{each[0]:.2f} s, {each[1]:.2f} s, {each[2]:,} bytes", flush=True)
        finally:
            tapeline.stop()
    seconds, since_closed, sizes = zip(*found, strict=True)
    columns = [f"{np.median(each):.2f} s | {max(each):.2f} s" for each in (seconds, since_closed)]
    pairs = options.symbols * (options.symbols - 1) // 2
    results.write(
        "Correlations",
        "\n".join(
            [
                "```",
                f"python -m scripts.bench.correlations --symbols {options.symbols} "
                f"--minutes {options.minutes}",
                "```",
                "",
                "Until a consumer has the last message of a minute's correlations: from the "
                "broker's acknowledgement of the trades that close the minute, and from when the "
                "watermark has closed it where they are computed.",
                "",
                "| symbols | pairs | JSON | minutes | from the trades, p50 | most "
                "| from the close, p50 | most |",
                "| --- | --- | --- | --- | --- | --- | --- | --- |",
                f"| {options.symbols:,} | {pairs:,} | {np.median(sizes) / 1e6:.1f} MB "
                f"| {len(found)} | {' | '.join(columns)} |",
            ]
        ),
    )


if __name__ == "__main__":
    main()
