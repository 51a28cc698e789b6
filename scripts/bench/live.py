"""How late clients of streams are told: ``python -m scripts.bench.live``.

A broker and a service run on ports of their own, and this process is all else: it sends forming
candles of many symbols, each five times a second and a final one each second, and follows them
with many clients of SSE, each of which asks for one symbol. Some never read. A delivery's latency
runs from the record's timestamp on Kafka, which is when it was handed to the producer, to when
the client has the bytes. The figures go to ``scripts/bench/results.md``.
"""

import argparse
import asyncio
import gc
import os
import re
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import psutil

from api.records import Candle
from scripts.bench import results
from scripts.sources.sender import producer
from scripts.stack.broker import Broker
from scripts.stack.ports import HOST, free_port
from scripts.stack.services import Api
from scripts.stack.settings import StackSettings

PARTITIONS = 4
FORMING_A_SECOND = 5
TOPICS = (
    *("candles", "dead_letters", "ledger", "order_flow", "book", "indicators"),
    *("analyzed_market_trends", "anomalies", "quality", "correlations", "late_trades"),
)
MIB = 1 << 20
# What a row tells of itself, without decoding it: the load maker has one core.
_TIMES = re.compile(rb'"final":(true|false),"revision":0,"updated_at":(\d+)')


@dataclass
class Told:
    """What one client was told."""

    symbol: str
    latencies: list[float] = field(default_factory=list)
    begun: bool = False
    finals: int = 0
    lost: bool = False


def row(symbol: str, start: int, *, final: bool) -> bytes:
    """A candle as the job writes it; ``updated_at`` is now."""
    now = time.time_ns() // 1_000_000
    return msgspec.json.encode(
        Candle(
            symbol=symbol,
            interval="1s",
            start=start,
            end=start + 1_000,
            open=97_000.25,
            high=97_010.5,
            low=96_990.75,
            close=97_005.125,
            volume=12.345678,
            notional=1_197_123.456,
            vwap=97_001.777,
            trades=123,
            buy_volume=6.1728,
            final=final,
            revision=0,
            updated_at=now,
        )
    )


async def connect(port: int, symbol: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a stream of a symbol's candles, or of all."""
    reader, writer = await asyncio.open_connection(HOST, port)
    query = f"/stream?channels=candles.1s&symbols={symbol}"
    writer.write(f"GET {query} HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode())
    await writer.drain()
    return reader, writer


async def follow(port: int, told: Told) -> None:
    """Read a stream, and note how late each update is."""
    reader, writer = await connect(port, told.symbol)
    rest = b""
    try:
        while data := await reader.read(MIB):
            now = time.time() * 1_000
            rest += data
            whole, _, rest = rest.rpartition(b"\n\n")
            for event in whole.split(b"\n\n"):
                if b"event: updates" in event:
                    for final, at in _TIMES.findall(event):
                        told.latencies.append(now - int(at))
                        told.finals += final == b"true"
                elif b"event: snapshot" in event:
                    told.begun = True
                elif b"event: slow" in event or b"event: gap" in event:
                    told.lost = True
        told.lost = True  # the service ended it
    finally:
        writer.close()


async def ignore(port: int) -> None:
    """Open a stream of all symbols, and never read it."""
    reader, writer = await connect(port)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    del reader
    try:
        await asyncio.Event().wait()
    finally:
        writer.transport.abort()


def send(bootstrap_servers: str, symbols: list[str], seconds: float) -> int:
    """Send candles for so long, evenly; return how many final ones there were of each symbol."""
    client = producer(bootstrap_servers, None)
    began = time.time()
    rounds = int(seconds * FORMING_A_SECOND)
    finals = 0
    for number in range(rounds):
        last = number % FORMING_A_SECOND == FORMING_A_SECOND - 1
        finals += last
        start = int(began + number // FORMING_A_SECOND) * 1_000
        for position, symbol in enumerate(symbols):
            due = began + (number + position / len(symbols)) / FORMING_A_SECOND
            if (wait := due - time.time()) > 0.002:
                time.sleep(wait)
            value = row(symbol, start, final=last)
            client.send("candles", value, symbol.encode(), timestamp_ms=time.time_ns() // 1_000_000)
    client.flush()
    client.close()
    return finals


@contextmanager
def running(home: Path, clients: int) -> Iterator[tuple[Broker, Api, int]]:
    """A broker and a service, and the service's port."""
    settings = StackSettings(
        home=home, kafka_port=free_port(), api_port=free_port(), alerts_file=None
    )
    broker = Broker(home, settings.kafka_port)
    api = Api(settings, broker.bootstrap_servers)
    api.settings |= {
        "TAPELINE_STREAM_MAX_CLIENTS": str(clients),
        "TAPELINE_STREAM_MAX_PER_ADDRESS": str(clients),
    }
    with ExitStack() as stack:
        stack.callback(broker.stop)
        broker.start()
        broker.create_topics(*TOPICS, partitions=PARTITIONS)
        stack.callback(api.stop)
        api.start()
        yield broker, api, settings.api_port


async def measure(
    broker: Broker, api: Api, port: int, options: argparse.Namespace
) -> tuple[list[Told], int, list[int]]:
    """What each client was told, final candles of each symbol, and resident bytes by second."""
    symbols = [f"S{n:03}" for n in range(options.symbols)]
    readers = [Told(symbols[n % len(symbols)]) for n in range(options.clients - options.silent)]
    tasks = [asyncio.create_task(follow(port, each)) for each in readers]
    tasks += [asyncio.create_task(ignore(port)) for _ in range(options.silent)]
    service = api.daemon.process
    assert service
    process = psutil.Process(service.pid)
    memory: list[int] = []

    async def watch() -> None:
        while True:
            memory.append(process.memory_info().rss)
            await asyncio.sleep(1)

    while not all(each.begun for each in readers) or await clients(port) < options.clients:
        await asyncio.sleep(0.5)
    watching = asyncio.create_task(watch())
    sending = asyncio.to_thread(send, broker.bootstrap_servers, symbols, options.seconds)
    finals = await sending
    await asyncio.sleep(2)  # for the last ones
    for task in [watching, *tasks]:
        task.cancel()
    await asyncio.gather(watching, *tasks, return_exceptions=True)
    return readers, finals, memory


def main() -> None:
    """Measures and writes the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--silent", type=int, default=100, help="clients of these that never read")
    parser.add_argument("--symbols", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    gc.freeze()
    load = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory(prefix="tapeline-live-") as home,
        running(Path(home), options.clients) as (broker, api, port),
    ):
        told, finals, memory = asyncio.run(measure(broker, api, port, options))
        process = api.daemon.process
        assert process
        cpu = sum(psutil.Process(process.pid).cpu_times()[:2])
        cut = [
            line for line in metrics(port).splitlines() if line.startswith("tapeline_api_stream")
        ]
    whole = sum(each.finals == finals and not each.lost for each in told)
    latencies = np.array([ms for each in told for ms in each.latencies])
    p50, p99 = np.quantile(latencies, [0.5, 0.99])
    rate = FORMING_A_SECOND * len(told)
    records = FORMING_A_SECOND * options.symbols
    lines = [
        "```",
        f"python -m scripts.bench.live --clients {options.clients} --silent {options.silent} "
        f"--symbols {options.symbols} --seconds {options.seconds:g}",
        "```",
        "",
        f"{options.symbols} symbols, of each {FORMING_A_SECOND} candles of 1s a second, the last "
        f"of them final: {records:,} records/s on Kafka, evenly over time. {len(told):,} clients "
        f"of SSE ask for one symbol each, which is {rate:,} deliveries/s; {options.silent} more "
        f"ask for all ({records * options.silent:,} deliveries/s until they are cut off) and never "
        "read. From the record's timestamp until the client has the bytes, ms; the clients and "
        "the producer are one process beside the service. Load of the machine (1 min) before and "
        f"after: {load:.1f}, {os.getloadavg()[0]:.1f}.",
        "",
        "| deliveries that were read | p50 | p99 | most | clients with every final candle | "
        "service: resident at first, most, last, MiB | its CPU, s |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        f"| {len(latencies):,} | {p50:.0f} | {p99:.0f} | {latencies.max():.0f} | "
        f"{whole} of {len(told)} ({finals} each) | {memory[0] / MIB:.0f}, "
        f"{max(memory) / MIB:.0f}, {memory[-1] / MIB:.0f} | {cpu:.1f} |",
    ]
    print("\n".join([*lines, *cut]), flush=True)
    results.write("Streams", "\n".join(lines))


async def clients(port: int) -> float:
    """How many streams are open, as the service has it."""
    text = await asyncio.to_thread(metrics, port)
    (value,) = re.findall(r'^tapeline_api_stream_clients\{transport="sse"\} (.*)$', text, re.M)
    return float(value)


def metrics(port: int) -> str:
    """The service's metrics."""
    with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=5) as answer:
        return bytes(answer.read()).decode()


if __name__ == "__main__":
    main()
