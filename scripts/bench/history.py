"""How long a month of minutes takes the service: ``python -m scripts.bench.history``.

A service with 43,200 candles of one symbol, filled by hand, answers over HTTP on the loopback
interface, one request at a time; the time is that of the server, from the request to the last
byte handed to the socket, as its own metric has it, and the client's beside it. In each round
every format is asked for once, so that a slow moment is no format's own.
"""

import argparse
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace

import httpx

from api.metrics import Metrics
from api.records import Candle
from api.service import Service
from api.store import CandleStore
from scripts.bench import results
from tests.api.harness import MINUTE, NOW, candle, make_service, served

MONTH = 31 * 24 * 60
GOAL_MS = 50
PATH = "/api/candles/BTC/USD?limit=50000"
KINDS = {
    "JSON": ("", "identity"),
    "JSON, gzip": ("", "gzip"),
    "JSON with `ETag`": (f"&from={NOW}&to={NOW + MONTH * MINUTE}", "identity"),
    "JSON, `fill=previous`": ("&fill=previous", "identity"),
    "CSV": ("&format=csv", "identity"),
    "Arrow": ("&format=arrow", "identity"),
    "Parquet": ("&format=parquet", "identity"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args(arguments).rounds
    service = _filled()
    server: dict[str, list[float]] = {kind: [] for kind in KINDS}
    client: dict[str, list[float]] = {kind: [] for kind in KINDS}
    sizes: dict[str, int] = {}
    with served(service) as address, httpx.Client(base_url=address, trust_env=False) as session:
        for turn in range(rounds + 1):
            for kind, (query, coding) in KINDS.items():
                before, begun = _seconds(service), time.perf_counter()
                with session.stream(
                    "GET", PATH + query, headers={"Accept-Encoding": coding}
                ) as response:
                    response.raise_for_status()
                    sizes[kind] = sum(map(len, response.iter_raw()))
                if turn:  # the first is to warm up
                    client[kind].append((time.perf_counter() - begun) * 1_000)
                    server[kind].append((_seconds(service) - before) * 1_000)
    results.write("A month of minutes from the API", _text(rounds, server, client, sizes))


def _filled() -> Service:
    rng = random.Random(1)
    store = CandleStore("candles", 50_000, 20_000, 2_000_000)
    store.put(_candle(rng, n) for n in range(MONTH))
    service = make_service(lambda: NOW + MONTH * MINUTE)
    return replace(service, store=store, metrics=Metrics())


def _candle(rng: random.Random, n: int) -> Candle:
    found = candle(start=NOW + n * MINUTE, close=round(rng.gauss(87_500, 100), 2))
    found.volume, found.notional, found.vwap = (rng.uniform(1, 1e6) for _ in range(3))
    return found


def _seconds(service: Service) -> float:
    """How long requests took the server in all."""
    name = "tapeline_api_request_duration_seconds_sum"
    (metric,) = service.metrics.requests.collect()
    return sum(each.value for each in metric.samples if each.name == name)


def _text(
    rounds: int,
    server: dict[str, list[float]],
    client: dict[str, list[float]],
    sizes: dict[str, int],
) -> str:
    lines = [
        "```",
        f"python -m scripts.bench.history --rounds {rounds}",
        "```",
        "",
        f"{MONTH:,} candles of one symbol in one answer, `TAPELINE_MAX_CANDLES` at 50,000; one "
        "request at a time, ms. Server: from the request to the last byte handed to the socket. "
        f"The goal is {GOAL_MS} ms.",
        "",
        "| answer | MB | server, middle | server, least | server, most | client, middle |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind, times in server.items():
        lines.append(
            f"| {kind} | {sizes[kind] / 1e6:.1f} | {statistics.median(times):.0f} "
            f"| {min(times):.0f} | {max(times):.0f} | {statistics.median(client[kind]):.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
