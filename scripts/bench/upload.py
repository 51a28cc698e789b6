"""How fast trades can be uploaded: ``python -m scripts.bench.upload``.

Starts a broker and a service of its own, uploads the same trades in each form, one upload after the
other, and writes down rows a second: from the request to the broker's acknowledgement of the last
row. What judging the rows takes by itself, without Kafka, stands beside it.
"""

import argparse
import gzip
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from api.gateway.form import READERS, Form
from api.gateway.reasons import Fault
from scripts.bench.results import write
from scripts.stack.broker import Broker
from scripts.stack.paths import ROOT
from scripts.stack.ports import HOST, free_port
from scripts.stack.waiting import wait_until

TOPIC = "bench_upload"
PIECE_BYTES = 64 << 10
MEDIA_TYPES = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


def main() -> None:
    """Measure and write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    bodies = _bodies(options.rows)
    with tempfile.TemporaryDirectory() as folder, _service(Path(folder)) as client:
        _upload(client, "csv", bodies["csv"][: 1 << 20].rpartition(b"\n")[0], False)  # warm
        lines = []
        for name, body in bodies.items():
            form, is_gzip = _form(name)
            seconds = [_upload(client, form, body, is_gzip) for _ in range(options.rounds)]
            rates = ", ".join(f"{options.rows / each:,.0f}" for each in seconds)
            alone = "" if is_gzip else f"{options.rows / _judge(form, body):,.0f}"
            lines.append(f"| {name} | {len(body) / 1e6:.1f} MB | {rates} | {alone} |")
            print(lines[-1], flush=True)
    write(
        "Uploads",
        f"```\npython -m scripts.bench.upload --rows {options.rows} --rounds {options.rounds}\n"
        "```\n\nTrades a second over `POST /upload`, one upload at a time, each trade a message of "
        "its own that all replicas have acknowledged; and judged alone, without HTTP and Kafka.\n\n"
        "| form | body | rows/s, each round | rows/s, judged alone |\n| --- | --- | --- | --- |\n"
        + "\n".join(lines),
    )


def _bodies(count: int) -> dict[str, bytes]:
    now = time.time_ns() // 1_000_000
    rows = [
        {
            "symbol": f"SYM{number % 100}",
            "price": 100 + number % 977 / 100,
            "quantity": number % 50 / 10 + 0.1,
            "timestamp": now - count + number,
            "side": "buy" if number % 2 else "sell",
            "trade_id": str(number),
            "exchange": "BENCH",
        }
        for number in range(count)
    ]
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file, row_group_size=50_000)
    header = ",".join(rows[0]) + "\n"
    csv = (header + "".join(f"{','.join(map(str, row.values()))}\n" for row in rows)).encode()
    return {
        "csv": csv,
        "csv.gz": gzip.compress(csv, 6),
        "ndjson": b"\n".join(map(msgspec.json.encode, rows)),
        "parquet": file.getvalue(),
    }


def _form(name: str) -> tuple[Form, bool]:
    forms: dict[str, Form] = {"csv": "csv", "ndjson": "ndjson", "parquet": "parquet"}
    return forms[name.removesuffix(".gz")], name.endswith(".gz")


def _pieces(body: bytes) -> Iterator[bytes]:
    for at in range(0, len(body), PIECE_BYTES):
        yield body[at : at + PIECE_BYTES]


def _upload(client: httpx.Client, form: Form, body: bytes, is_gzip: bool) -> float:
    """Seconds until the broker has all rows."""
    headers = {"Content-Type": MEDIA_TYPES[form]}
    if is_gzip:
        headers["Content-Encoding"] = "gzip"
    start = time.perf_counter()
    response = client.post("/upload", content=_pieces(body), headers=headers)
    place = response.raise_for_status().headers["location"]

    def has_ended() -> bool:
        job = client.get(place).json()
        if job["ended_at"] and (job["state"] != "done" or job["rejected"]):
            raise RuntimeError(f"the upload is not whole: {job}")
        return bool(job["ended_at"])

    wait_until(has_ended, "the upload to end", 300, pause=0.02)
    return time.perf_counter() - start


def _judge(form: Form, body: bytes) -> float:
    """Seconds to judge all rows, and to write those that are trades as messages."""
    encode = msgspec.json.Encoder().encode
    latest: Callable[[], int] = lambda: time.time_ns() // 1_000_000 + 60_000  # noqa: E731
    start = time.perf_counter()
    for row in READERS[form](_pieces(body), latest):
        if not isinstance(row, Fault):
            encode(row)
    return time.perf_counter() - start


@contextmanager
def _service(home: Path) -> Iterator[httpx.Client]:
    broker = Broker(home, free_port())
    broker.start()
    try:
        broker.create_topics(TOPIC, partitions=4, config={"retention.ms": "-1"})
        port = free_port()
        env = {
            **os.environ,
            "TAPELINE_API_PORT": str(port),
            "TAPELINE_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
            "TAPELINE_TRADES_TOPICS": TOPIC,
        }
        service = subprocess.Popen([sys.executable, "-m", "api"], cwd=ROOT, env=env)
        try:
            with httpx.Client(
                base_url=f"http://{HOST}:{port}", trust_env=False, timeout=300
            ) as client:
                wait_until(lambda: _answers(client), "the service to answer")
                yield client
        finally:
            service.terminate()
            service.wait(20)
    finally:
        broker.stop()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()
