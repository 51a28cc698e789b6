"""What may be kept: closed candles of the past, which are asked about again; nothing else."""

import gzip
import json

import httpx
import pytest

from api.compression import LEAST
from api.service import Service
from tests.api.harness import MINUTE, NOW, Clock, candle
from tests.api.test_analytics import anomaly

SPAN = f"from={NOW}&to={NOW + 9 * MINUTE}"
PATH = f"/api/candles/BTC/USD?{SPAN}"


@pytest.fixture(autouse=True)
def _later(clock: Clock) -> None:
    clock.now = NOW + 9 * MINUTE


def fill(service: Service) -> None:
    service.store.put(candle(start=NOW + n * MINUTE) for n in range(9))


def test_who_has_the_closed_candles_of_the_past_is_told_so(
    service: Service, client: httpx.Client
) -> None:
    fill(service)
    first = client.get(PATH)
    tag = first.headers["etag"]
    assert tag.startswith('"')  # a strong one
    assert first.headers["cache-control"] == "private, no-cache"
    for known in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        again = client.get(PATH, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert client.get(PATH, headers={"If-None-Match": '"x"'}).status_code == 200


def test_a_corrected_candle_has_another_tag(service: Service, client: httpx.Client) -> None:
    fill(service)
    tag = client.get(PATH).headers["etag"]
    service.store.put([candle(revision=1)])
    again = client.get(PATH, headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert again.headers["etag"] != tag


def test_each_format_page_and_coding_has_a_tag_of_its_own(
    service: Service, client: httpx.Client
) -> None:
    fill(service)
    tags = [
        client.get(f"{PATH}{more}", headers={"Accept-Encoding": coding}).headers["etag"]
        for more in ("", "&format=csv", "&format=arrow", "&format=parquet", "&limit=3")
        for coding in ("gzip", "identity")
    ]
    assert len(set(tags)) == len(tags)


def test_what_leads_on_is_a_part_of_the_tag(service: Service, client: httpx.Client) -> None:
    service.store.put([candle(start=NOW + MINUTE)])
    path = f"{PATH}&limit=1&format=csv"
    tag = client.get(path).headers["etag"]
    service.store.put([candle(start=NOW)])
    assert client.get(path).headers["etag"] != tag


@pytest.mark.parametrize(
    "path",
    [
        "/api/candles/BTC/USD",
        f"/api/candles/BTC/USD?from={NOW}",
        f"/api/candles/BTC/USD?to={NOW + MINUTE}",
        f"/api/candles/BTC/USD?from={NOW}&to={NOW + 9 * MINUTE + 1}",  # not over yet
        f"/api/anomalies/BTC/USD?{SPAN}",
        "/api/symbols",
        "/api/candles/NONE",
        "/health",
        "/metrics",
        "/none",
    ],
)
def test_all_else_is_not_to_be_kept(service: Service, client: httpx.Client, path: str) -> None:
    fill(service)
    service.anomalies.put([anomaly()])
    headers = client.get(path).headers
    assert headers["cache-control"] == "no-store"
    assert "etag" not in headers


def test_a_span_with_a_forming_candle_is_not_to_be_kept(
    service: Service, client: httpx.Client
) -> None:
    fill(service)
    service.store.put([candle(interval="1s", final=False)])
    assert client.get(f"{PATH}&interval=1s").headers["cache-control"] == "no-store"


def test_files_of_the_page_are_asked_about_by_their_tag(client: httpx.Client) -> None:
    headers = client.get("/static/style.css").headers
    assert "etag" in headers
    assert "cache-control" not in headers


def test_an_answer_over_a_kilobyte_is_compressed_for_who_wants_it(
    service: Service, client: httpx.Client
) -> None:
    fill(service)

    def sent(path: str, coding: str) -> tuple[str | None, bytes]:
        headers = {"Accept-Encoding": coding}
        with client.stream("GET", path, headers=headers) as response:
            body = b"".join(response.iter_raw())
        return response.headers.get("content-encoding"), body

    plain = sent(PATH, "identity")
    assert plain[0] is None
    coding, body = sent(PATH, "gzip")
    assert coding == "gzip"
    assert len(body) < len(plain[1]) / 2
    assert json.loads(gzip.decompress(body)) == json.loads(plain[1])
    coding, body = sent("/api/candles/BTC/USD?limit=1", "gzip")
    assert (coding, len(body) < LEAST) == (None, True)
    assert sent(f"{PATH}&format=arrow", "gzip")[0] is None
