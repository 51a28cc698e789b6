"""Uploads over real HTTP, without a broker: what is refused, and what is said of rows."""

import gc
import gzip
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from api.service import Service
from api.settings import Settings
from tests.api.harness import NOW, make_service, served, wait_until
from tests.api.test_errors import problem
from tests.api.test_main import free_port

HEADER = b"symbol,price,quantity,timestamp,side\n"
GOOD = b"BTC,1,2,%d,buy\n" % NOW
BAD = b"BTC,1,2,%d,x\n" % NOW
CSV = {"Content-Type": "text/csv"}


@contextmanager
def running(**values: object) -> Iterator[tuple[Service, httpx.Client]]:
    values = {"bootstrap_servers": f"127.0.0.1:{free_port()}", **values}
    service = make_service(settings=Settings.model_validate(values))
    with served(service) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield service, client
    gc.collect()  # while that is no error


def ended(client: httpx.Client, response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 202, response.text
    found: dict[str, Any] = {}

    def has_ended() -> bool:
        found.update(client.get(response.headers["location"]).json())
        return found["ended_at"] is not None

    wait_until(has_ended)
    return found


def test_rows_that_are_no_trades_are_said_with_their_numbers(client: httpx.Client) -> None:
    body = HEADER + BAD * 3 + b"BTC,1\n"
    found = ended(client, client.post("/upload", content=body, headers=CSV))
    assert (found["state"], found["rows"], found["rejected"]) == ("done", 4, 4)
    assert found["reasons"] == {"invalid_side": 3, "malformed_row": 1}
    assert [each["row"] for each in found["rejects"]] == [1, 2, 3, 4]
    assert found["bytes"] == len(body)
    assert client.get("/api/jobs").json() == {"jobs": [found]}
    assert client.get("/api/jobs?state=failed").json() == {"jobs": []}
    metrics = client.get("/metrics").text
    assert 'tapeline_api_upload_rows_total{outcome="rejected"} 4.0' in metrics


def test_an_empty_body_of_lines_is_an_upload_of_no_rows(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/x-ndjson"}
    found = ended(client, client.post("/upload", content=b"", headers=headers))
    assert (found["state"], found["rows"]) == ("done", 0)


@pytest.mark.parametrize(
    ("headers", "body", "status", "detail"),
    [
        ({}, GOOD, 415, "Content-Type"),
        ({"Content-Type": "application/json"}, GOOD, 415, "Content-Type"),
        ({**CSV, "Content-Encoding": "br"}, GOOD, 415, "Content-Encoding"),
        (
            {"Content-Type": "application/vnd.apache.parquet", "Content-Encoding": "gzip"},
            GOOD,
            415,
            "without a Content-Encoding",
        ),
        (CSV, b"", 422, "expected a header"),
        (CSV, b"a,b\n1,2\n", 422, "expected a header with symbol"),
        ({**CSV, "Content-Encoding": "gzip"}, GOOD, 422, "expected gzip"),
        ({"Content-Type": "application/vnd.apache.parquet"}, GOOD, 422, "expected Parquet"),
        ({"Content-Type": "multipart/form-data"}, GOOD, 422, "boundary"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, GOOD, 422, "expected multipart"),
        (
            {"Content-Type": "multipart/form-data; boundary=x"},
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n1\r\n--x--\r\n',
            415,
            "expected a file of trades",
        ),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(
    client: httpx.Client, headers: dict[str, str], body: bytes, status: int, detail: str
) -> None:
    response = client.post("/upload", content=body, headers=headers)
    found = problem(response)
    assert found.status == status
    assert detail in found.detail
    if "location" in response.headers:
        job = client.get(response.headers["location"]).json()
        assert (job["state"], job["rows"]) == ("failed", 0)
        assert detail in job["error"]


def test_a_body_over_its_bound_is_refused_whether_it_says_so_or_not() -> None:
    with running(max_upload_bytes=1_000) as (_, client):
        body = HEADER + BAD * 100
        assert problem(client.post("/upload", content=body, headers=CSV)).status == 413
        assert problem(client.post("/upload", content=iter([body]), headers=CSV)).status == 413
        packed = {**CSV, "Content-Encoding": "gzip"}
        response = client.post("/upload", content=gzip.compress(body), headers=packed)
        assert problem(response).status == 413
        states = {each["state"] for each in client.get("/api/jobs").json()["jobs"]}
        assert states == {"failed"}
        small = client.post("/upload", content=HEADER + BAD, headers=CSV)
        assert ended(client, small)["state"] == "done"


def open_connection(client: httpx.Client, body: bytes, length: int) -> socket.socket:
    host, port = client.base_url.host, client.base_url.port
    assert port is not None
    connection = socket.create_connection((host, port))
    connection.sendall(
        b"POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\n"
        b"Content-Length: %d\r\n\r\n" % length
    )
    connection.sendall(body)
    return connection


def test_more_uploads_at_once_than_there_may_be_are_told_to_come_again() -> None:
    with running(max_uploads=1) as (_, client):
        with open_connection(client, HEADER, 1_000):
            wait_until(lambda: bool(client.get("/api/jobs?state=receiving").json()["jobs"]))
            response = client.post("/upload", content=HEADER, headers=CSV)
            assert problem(response).status == 429
            assert response.headers["retry-after"] == "5"
        wait_until(lambda: bool(client.get("/api/jobs?state=aborted").json()["jobs"]))
        assert client.post("/upload", content=HEADER, headers=CSV).status_code == 202


def test_a_row_that_is_cut_by_a_broken_connection_is_no_row(client: httpx.Client) -> None:
    with open_connection(client, HEADER + BAD * 2 + BAD[:-3], 1_000):
        wait_until(lambda: client.get("/api/jobs").json()["jobs"][:1] != [])
        wait_until(lambda: client.get("/api/jobs").json()["jobs"][0]["rows"] == 2)
    wait_until(lambda: client.get("/api/jobs").json()["jobs"][0]["state"] == "aborted")
    (job,) = client.get("/api/jobs").json()["jobs"]
    assert (job["rows"], job["rejected"]) == (2, 2)


def test_without_a_broker_an_upload_waits_says_so_and_fails() -> None:
    with running(publish_timeout_ms=100) as (_, client):
        found = ended(client, client.post("/upload", content=HEADER + GOOD, headers=CSV))
        assert (found["state"], found["published"], found["in_flight"]) == ("failed", 0, 1)
        assert found["error"]


def test_what_the_filter_holds_back_is_counted_and_no_error() -> None:
    for values in ({"gateway_kinds": "push"}, {"gateway_symbols": "ETH*,X"}):
        with running(**values) as (_, client):
            body = HEADER + GOOD * 3 + BAD
            found = ended(client, client.post("/upload", content=body, headers=CSV))
            assert (found["state"], found["filtered"], found["rejected"]) == ("done", 3, 1)


def test_an_unknown_job_is_a_problem(client: httpx.Client) -> None:
    assert problem(client.get("/api/jobs/none")).status == 404
