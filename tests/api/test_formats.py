"""Histories as JSON, CSV, Arrow and Parquet: the same rows, to the last bit."""

import io
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.formats import MEDIA_TYPES, Format, choose
from api.records import Anomaly, Candle, Indicators
from api.service import Service
from api.tables import NUMBERS, TIME, TIMES, WRITERS, table
from tests.api.harness import MINUTE, NOW, candle, flow
from tests.api.test_analytics import anomaly, indicators, trend

HISTORIES = ["candles", "order-flow", "indicators", "trends", "anomalies"]
NAMES = {name: name.replace("-", "_") for name in HISTORIES}


def read(chosen: str, body: bytes) -> pa.Table:
    if chosen == "arrow":
        return pyarrow.ipc.open_stream(body).read_all()
    if chosen == "parquet":
        return pyarrow.parquet.read_table(io.BytesIO(body))
    options = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
    return pyarrow.csv.read_csv(io.BytesIO(body), convert_options=options)


def plain(rows: pa.Table) -> list[dict[str, Any]]:
    """The rows as JSON has them: times as ms, and numbers by name as such."""
    for at, field in enumerate(rows.schema):
        if field.type == TIME:
            rows = rows.set_column(at, field.name, rows[at].cast(pa.int64()))
    found: list[dict[str, Any]] = rows.to_pylist()
    for row in found:
        row.update({k: dict(v) for k, v in row.items() if isinstance(v, list)})
    return found


def put(service: Service) -> None:
    service.store.put(candle(start=NOW + n * MINUTE, close=100 + n / 7) for n in range(3))
    service.flows.put([flow(), flow(NOW + MINUTE)])
    service.indicators.put([indicators(), indicators(NOW + MINUTE)])
    service.trends.put([trend(), trend(NOW + MINUTE)])
    rare = Anomaly(
        *("BTC/USD", NOW + 9, "model", "1m", 0.1 + 0.2, None, None, None, 0.9, "minor", 7),
        *(None, None, None, NOW, {"range": 0.1, "return": -0.7}),
    )
    service.anomalies.put([anomaly(1), rare])


@pytest.mark.parametrize("chosen", ["csv", "arrow", "parquet"])
@pytest.mark.parametrize("history", HISTORIES)
def test_every_format_has_the_rows_of_json_to_the_last_bit(
    service: Service, client: httpx.Client, history: str, chosen: Format
) -> None:
    put(service)
    path = f"/api/{history}/BTC/USD"
    expected = client.get(path).json()[NAMES[history]]
    response = client.get(path, params={"format": chosen})
    assert response.headers["content-type"].partition(";")[0] == MEDIA_TYPES[chosen]
    name = f"{NAMES[history]}_BTC-USD" + ("_1m" if history not in ("trends", "anomalies") else "")
    disposition = f'attachment; filename="{name}.{chosen}"'
    assert response.headers["content-disposition"] == disposition.replace("order_", "order-")
    for row in expected:
        row.update(row.pop("values", {}))
        if chosen == "csv" and row.get("features"):
            row["features"] = '{"range":0.1,"return":-0.7}'
    assert plain(read(chosen, response.content)) == expected


@pytest.mark.parametrize("chosen", ["arrow", "parquet"])
def test_times_are_times_and_counts_are_whole_numbers(
    service: Service, client: httpx.Client, chosen: str
) -> None:
    put(service)
    for history in HISTORIES:
        body = client.get(f"/api/{history}/BTC/USD?format={chosen}").content
        for field in read(chosen, body).schema:
            if field.name in TIMES:
                assert field.type == pa.timestamp("ms", tz="UTC"), field
            elif field.name in ("trades", "revision", "count", "partition", "offset"):
                assert field.type == pa.int64(), field
            elif field.name == "features":
                assert field.type.equals(NUMBERS), field
            else:
                assert field.type in (pa.float64(), pa.string(), pa.bool_(), pa.int64()), field


floats = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(floats, max_size=5), st.sampled_from(["csv", "arrow", "parquet"]))
def test_any_number_survives_every_format(closes: list[float], chosen: str) -> None:
    rows = [candle(start=NOW + n, close=close) for n, close in enumerate(closes)]
    found = read(chosen, WRITERS[chosen](table(Candle, rows)))
    assert [row["close"] for row in plain(found)] == closes


def test_without_rows_there_are_still_columns(service: Service, client: httpx.Client) -> None:
    put(service)
    body = client.get("/api/candles/BTC/USD?interval=4h&format=csv").text
    assert body == ",".join(f'"{name}"' for name in Candle.__struct_fields__) + "\n"
    assert table(Indicators, []).num_rows == 0


def test_filled_candles_come_as_tables_too(service: Service, client: httpx.Client) -> None:
    service.store.put([candle(start=NOW), candle(start=NOW + 2 * MINUTE)])
    path = "/api/candles/BTC/USD?fill=null"
    found = plain(read("parquet", client.get(f"{path}&format=parquet").content))
    assert found == client.get(path).json()["candles"]
    assert [row["close"] for row in found] == [101.5, None, 101.5]


def test_the_link_of_a_table_leads_to_the_page_before(
    service: Service, client: httpx.Client
) -> None:
    put(service)
    response = client.get("/api/candles/BTC/USD?limit=2&format=csv")
    link = response.links["next"]["url"]
    onward = client.get(response.url.join(link))
    assert [row["start"] for row in plain(read("csv", onward.content))] == [NOW]
    assert "link" not in onward.headers
    cursor = client.get("/api/candles/BTC/USD?limit=2").json()["next"]
    assert onward.url.params["cursor"] == cursor  # of whichever format


@pytest.mark.parametrize(
    ("named", "accept", "chosen"),
    [
        (None, "", "json"),
        (None, "*/*", "json"),
        (None, "text/html,application/xhtml+xml", "json"),
        (None, "text/csv", "csv"),
        (None, "TEXT/CSV;q=0.5, application/json;q=0.4", "csv"),
        (None, "text/*", "csv"),
        (None, "application/vnd.apache.parquet, */*;q=0.1", "parquet"),
        (None, "application/vnd.apache.arrow.stream", "arrow"),
        (None, "application/json;q=0, */*", "csv"),
        ("arrow", "text/csv", "arrow"),
        ("json", "text/csv", "json"),
    ],
)
def test_the_format_that_is_named_wins_and_then_what_accept_likes_best(
    service: Service, client: httpx.Client, named: str | None, accept: str, chosen: Format
) -> None:
    put(service)
    params = {} if named is None else {"format": named}
    response = client.get("/api/trends/BTC/USD", params=params, headers={"Accept": accept})
    assert response.headers["content-type"].partition(";")[0] == MEDIA_TYPES[chosen]
    assert "Accept" in response.headers["vary"].split(", ")


@given(st.text())
def test_no_accept_whatever_is_an_error(accept: str) -> None:
    assert choose(None, accept) in MEDIA_TYPES
