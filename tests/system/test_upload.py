"""Uploads and hooks against a real broker, and a real process of the service."""

import gc
import gzip
import io
import itertools
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, expect
from pydantic import SecretStr

from api.gateway.signature import sign
from api.service import Service, wall_clock
from api.settings import Settings
from scripts.stack.broker import Broker
from scripts.stack.ports import free_port
from scripts.stack.waiting import wait_until
from tests.api.harness import served
from tests.system.harness import everything, read

pytestmark = [
    pytest.mark.system,
    # kafka-python leaves sockets that were refused to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

ROOT = Path(__file__).parents[2]
SECRET = "It's a Secret to Everybody"
PARTITIONS = 3
HEADER = "symbol,price,quantity,timestamp,side,trade_id,exchange\n"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Topics:
    trades: str
    events: str


@pytest.fixture
def topics(broker: Broker) -> Topics:
    number = next(_numbers)
    names = Topics(f"upload_trades_{number}", f"upload_events_{number}")
    broker.create_topics(names.trades, names.events, partitions=PARTITIONS)
    return names


def publishing() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name in ("uploads", "hooks")]


Running = Callable[..., AbstractContextManager[httpx.Client]]


@pytest.fixture
def running(broker: Broker, topics: Topics, caplog: pytest.LogCaptureFixture) -> Running:
    """Runs a service: ``with running(**settings) as client``."""
    caplog.set_level(logging.CRITICAL, "kafka")

    @contextmanager
    def run(**settings: object) -> Iterator[httpx.Client]:
        values = {
            "bootstrap_servers": broker.bootstrap_servers,
            "trades_topics": topics.trades,
            "events_topic": topics.events,
            "github_secret": SecretStr(SECRET),
            **settings,
        }
        service = Service.build(Settings.model_validate(values))
        with served(service) as url, httpx.Client(base_url=url, trust_env=False) as client:
            yield client
        wait_until(lambda: not publishing(), "its producers to be closed")
        gc.collect()  # while that is no error

    return run


def rows(count: int, first: int = 0) -> list[dict[str, Any]]:
    now = wall_clock() // 1_000 * 1_000
    return [
        {
            "symbol": f"S{number % 7}",
            "price": 100.0 + number % 13,
            "quantity": 0.5,
            "timestamp": now - number,
            "side": "buy" if number % 2 else "sell",
            "trade_id": str(number),
            "exchange": "X",
        }
        for number in range(first, first + count)
    ]


def as_csv(trades: list[dict[str, Any]]) -> bytes:
    return (HEADER + "".join(f"{','.join(map(str, row.values()))}\n" for row in trades)).encode()


def as_ndjson(trades: list[dict[str, Any]]) -> bytes:
    return b"\n".join(map(msgspec.json.encode, trades))


def as_parquet(trades: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(trades), file, row_group_size=100)
    return file.getvalue()


def job(client: httpx.Client, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/jobs/{job_id}").raise_for_status().json()
    assert found["rows"] == sum(
        found[each] for each in ("published", "rejected", "filtered", "in_flight")
    )
    return found


def ended(client: httpx.Client, response: httpx.Response, timeout: float = 60) -> dict[str, Any]:
    assert response.status_code == 202, response.text
    assert response.headers["location"] == f"/api/jobs/{response.json()['id']}"
    job_id = response.json()["id"]
    wait_until(lambda: job(client, job_id)["ended_at"], "the job to end", timeout)
    return job(client, job_id)


def test_a_file_that_is_chosen_on_the_page_is_published(
    browser: Browser, broker: Broker, topics: Topics, running: Running, tmp_path: Path
) -> None:
    path = tmp_path / "trades.csv"
    path.write_bytes(as_csv(rows(50)) + b"S0,-1,1,1,buy,,\n")
    with running() as client:
        page = browser.new_page()
        page.goto(str(client.base_url))
        page.get_by_label("File of CSV").set_input_files(path)
        page.get_by_role("button", name="Upload").click()
        box = page.locator("#upload")
        counts = ["rows51", "published50", "rejected1", "filtered0", "in flight0"]
        expect(box.locator("dl > div")).to_have_text(counts)
        expect(box.locator("li")).to_contain_text("row 51: invalid_price")
        expect(box.locator(".note")).to_contain_text("done")
        page.close()
    assert len(everything(broker, topics.trades)) == 50


def test_the_same_rows_are_the_same_messages_in_whatever_form(
    broker: Broker, topics: Topics, running: Running
) -> None:
    trades = rows(1_200)
    bodies: dict[str, dict[str, Any]] = {
        "csv": {"content": as_csv(trades), "headers": {"Content-Type": "text/csv; charset=utf-8"}},
        "csv.gz": {
            "content": gzip.compress(as_csv(trades)),
            "headers": {"Content-Type": "text/csv", "Content-Encoding": "gzip"},
        },
        "ndjson": {
            "content": as_ndjson(trades),
            "headers": {"Content-Type": "application/x-ndjson"},
        },
        "parquet": {
            "content": as_parquet(trades),
            "headers": {"Content-Type": "application/vnd.apache.parquet"},
        },
        "form": {"files": {"file": ("trades.csv", as_csv(trades))}, "data": {"note": "x"}},
        "form of parquet": {"files": {"file": ("trades.parquet", as_parquet(trades))}},
        "form of gzip": {"files": {"file": ("a.ndjson.gz", gzip.compress(as_ndjson(trades)))}},
    }
    expected = sorted(
        (row["symbol"].encode(), row["timestamp"], msgspec.json.encode(row)) for row in trades
    )
    with running() as client:
        for times, (name, body) in enumerate(bodies.items(), 1):
            found = ended(client, client.post("/upload", **body))
            assert (found["state"], found["published"], found["rejected"]) == ("done", 1_200, 0)
            came = sorted(
                (each.key, each.timestamp_ms, each.value)
                for each in everything(broker, topics.trades)
            )
            assert came == sorted(expected * times), name


def test_rejected_and_filtered_rows_are_said_and_not_published(
    broker: Broker, topics: Topics, running: Running
) -> None:
    trades = rows(100)
    trades[10]["side"] = "x"
    with running(gateway_symbols="S1,S[2-3]") as client:
        found = ended(
            client,
            client.post("/upload", content=as_csv(trades), headers={"Content-Type": "text/csv"}),
        )
    passed = [row for row in trades if row["symbol"] in ("S1", "S2", "S3") and row["side"] != "x"]
    assert (found["published"], found["rejected"]) == (len(passed), 1)
    assert found["filtered"] == 99 - len(passed)
    detail = "side must be buy or sell"
    assert found["rejects"] == [{"row": 11, "reason": "invalid_side", "detail": detail}]
    assert len(everything(broker, topics.trades)) == len(passed)


def test_a_connection_that_breaks_leaves_what_was_read_and_says_how_far(
    broker: Broker, topics: Topics, running: Running
) -> None:
    body = as_csv(rows(2_000))
    sent = body[: len(body) // 2]
    whole = sent.count(b"\n") - 1  # without the header; the last line is cut
    assert not sent.endswith(b"\n")
    with running() as client:
        with socket.create_connection((client.base_url.host, client.base_url.port)) as connection:
            connection.sendall(
                b"POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body)
            )
            connection.sendall(sent)
            read(broker, topics.trades, lambda records: len(records) >= whole)
            (open_,) = client.get("/api/jobs?state=receiving").json()["jobs"]
        wait_until(lambda: job(client, open_["id"])["ended_at"], "the job to end")
        found = job(client, open_["id"])
        assert (found["state"], found["rows"], found["published"]) == ("aborted", whole, whole)
        assert "the connection broke" in found["error"]
    records = everything(broker, topics.trades)
    assert sorted(int(each.json()["trade_id"]) for each in records) == list(range(whole))


def test_a_broker_that_is_away_is_waited_for_and_nothing_is_lost_or_doubled(
    broker: Broker, topics: Topics, running: Running
) -> None:
    with running() as client:
        ended(client, client.post("/upload", files={"file": ("a.csv", as_csv(rows(10)))}))
        broker.kill()
        try:
            response = client.post("/upload", files={"file": ("a.csv", as_csv(rows(990, 10)))})
            assert response.status_code == 202
            job_id = response.json()["id"]
            wait_until(lambda: job(client, job_id)["waiting"], "the job to say that it waits")
            assert job(client, job_id)["published"] == 0
        finally:
            broker.start()
        found = ended(client, response, 90)
        assert (found["state"], found["published"], found["waiting"]) == ("done", 990, "")
    records = everything(broker, topics.trades)
    assert sorted(int(each.json()["trade_id"]) for each in records) == list(range(1_000))


def test_a_broker_that_stays_away_fails_the_job_which_says_what_may_be_missing(
    broker: Broker, topics: Topics, running: Running
) -> None:
    with running(publish_timeout_ms=3_000) as client:
        broker.kill()
        try:
            response = client.post("/upload", files={"file": ("a.csv", as_csv(rows(990)))})
            found = ended(client, response)
            assert (found["state"], found["published"]) == ("failed", 0)
            assert found["in_flight"] > 0
        finally:
            broker.start()
        # What failed is not remembered against the next one.
        again = ended(client, client.post("/upload", files={"file": ("a.csv", as_csv(rows(990)))}))
        assert (again["state"], again["published"]) == ("done", 990)


@contextmanager
def process(broker: Broker, topics: Topics, log: Path, **more: str) -> Iterator[tuple[str, int]]:
    """The service as a process of its own: its address and its id."""
    port = free_port()
    env = {
        **os.environ,
        "TAPELINE_API_PORT": str(port),
        "TAPELINE_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "TAPELINE_TRADES_TOPICS": topics.trades,
        "TAPELINE_EVENTS_TOPIC": topics.events,
        **more,
    }
    with log.open("wb") as output:
        command = [sys.executable, "-m", "api"]
        running = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/health", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, "the service to answer")
        yield url, running.pid
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(20)


def test_memory_stays_bounded_however_long_the_body_is(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    size = 200 << 20
    now = wall_clock()
    # Long rows: it is the bytes that must not stay, and what they cost Kafka is another matter.
    padding = "x" * 2_000
    line = f"S1,100.5,1,{now},buy,,,{padding}\n".encode()
    block = line * 50
    blocks = size // len(block)

    def body() -> Iterator[bytes]:
        yield HEADER.replace("\n", ",more\n").encode()
        for _ in range(blocks):
            yield block

    with process(broker, topics, tmp_path / "log") as (url, pid):
        service = psutil.Process(pid)
        client = httpx.Client(base_url=url, trust_env=False, timeout=300)
        with client:
            warm = as_csv(rows(20_000))
            ended(client, client.post("/upload", files={"file": ("a.csv", warm)}))
            before = most = service.memory_info().rss
            done = threading.Event()

            def watch() -> None:
                nonlocal most
                while not done.wait(0.02):
                    most = max(most, service.memory_info().rss)

            watching = threading.Thread(target=watch)
            watching.start()
            try:
                response = client.post(
                    "/upload", content=body(), headers={"Content-Type": "text/csv"}
                )
                found = ended(client, response, 240)
            finally:
                done.set()
                watching.join()
        assert (found["state"], found["rows"]) == ("done", blocks * 50)
        assert found["published"] == found["rows"]
        assert found["bytes"] >= size * 0.99
        print(f"{found['bytes'] >> 20} MiB: {(most - before) / 2**20:.1f} MiB more")
        assert most - before < 40 << 20


def hook(client: httpx.Client, delivery: str, body: bytes, event: str = "push") -> httpx.Response:
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": sign(SECRET.encode(), body),
    }
    return client.post("/webhook/github", content=body, headers=headers)


def push(number: int) -> bytes:
    return (
        b'{ "ref": "main", "number": %d, "repository": {"full_name": "o/r"},'
        b' "sender": {"login": "me"}}' % number
    )


def test_a_hook_is_published_once_and_refused_again_also_after_a_restart(
    broker: Broker, topics: Topics, running: Running
) -> None:
    with running() as client:
        wait_until(lambda: hook(client, "d-1", push(1)).status_code == 202, "the topic to be read")
        assert hook(client, "d-1", push(1)).status_code == 409
        assert hook(client, "d-1", push(2)).status_code == 409
        assert hook(client, "d-2", push(1)).status_code == 409  # the id is not signed
    with running() as client:
        # Until what was is read back nothing is taken; then it is known.
        wait_until(lambda: hook(client, "d-1", push(1)).status_code != 503, "it to be read back")
        assert hook(client, "d-1", push(3)).status_code == 409
        assert hook(client, "d-3", push(1)).status_code == 409
        assert hook(client, "d-3", push(3)).status_code == 202
        wait_until(
            lambda: len(client.get("/api/events?event=push&repository=o/r").json()["events"]) == 2,
            "both to be served",
        )
    first, second = sorted(everything(broker, topics.events), key=lambda each: each.timestamp_ms)
    assert (first.key, second.key) == (b"push", b"push")
    assert first.value.endswith(b',"payload":' + push(1) + b"}")
    assert first.json() | {"received_at": 0} == {
        "id": "d-1",
        "event": "push",
        "action": None,
        "repository": "o/r",
        "sender": "me",
        "received_at": 0,
        "payload": msgspec.json.decode(push(1)),
    }


def test_of_two_at_the_same_moment_one_is_taken(
    broker: Broker, topics: Topics, running: Running
) -> None:
    with running() as client:
        wait_until(
            lambda: hook(client, "first", push(0)).status_code == 202, "the topic to be read"
        )

        with ThreadPoolExecutor(8) as pool:
            sent = [pool.submit(hook, client, "same", push(1)) for _ in range(8)]
            taken = sorted(each.result().status_code for each in sent)
        assert taken == [202] + [409] * 7
    ids = [each.json()["id"] for each in everything(broker, topics.events)]
    assert sorted(ids) == ["first", "same"]


def test_a_hook_that_could_not_be_published_may_come_again(
    broker: Broker, topics: Topics, running: Running
) -> None:
    with running(publish_timeout_ms=2_000) as client:
        wait_until(lambda: hook(client, "d-0", push(0)).status_code == 202, "the topic to be read")
        broker.kill()
        try:
            response = hook(client, "d-1", push(1))
            assert (response.status_code, response.headers["retry-after"]) == (503, "10")
        finally:
            broker.start()
        wait_until(lambda: hook(client, "d-1", push(1)).status_code in (202, 409), "it to be taken")
    ids = [each.json()["id"] for each in everything(broker, topics.events)]
    assert sorted(ids) == ["d-0", "d-1"]
