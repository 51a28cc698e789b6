"""Indicators and trends over real HTTP, filled by hand."""

import httpx
import msgspec
import pytest

from api.errors import UnknownSymbolError
from api.events import Events
from api.models import AnomaliesModel, IndicatorsModel, OutagesModel, QualityModel, TrendsModel
from api.quality import Quality
from api.records import Anomaly, FatFinger, Gap, Indicators, Outage, Totals, Trend
from api.service import Service
from tests.api.harness import MINUTE, NOW

VALUES = {"sma_20": 1.5, "sma_50": None, "macd_12_26": 0.25, "macd_signal_12_26_9": 0.5}


def indicators(start: int = NOW, close: float = 2.0) -> Indicators:
    return Indicators("BTC/USD", "1m", start, start + MINUTE, close, dict(VALUES), NOW)


def trend(start: int = NOW, revision: int = 0, mean: float = 2.0) -> Trend:
    return Trend(
        symbol="BTC/USD",
        averagePrice=2.5,
        meanPrice=mean,
        isVolatilityAnomaly=True,
        swing=0.5,
        threshold=0.02,
        high=3.0,
        low=2.0,
        trades=4,
        start=start,
        windowEndTimestamp=start + MINUTE,
        interval="1m",
        final=True,
        revision=revision,
        updated_at=NOW,
    )


def test_indicators_come_as_they_were_put(service: Service, client: httpx.Client) -> None:
    put = [indicators(), indicators(NOW + MINUTE)]
    service.indicators.put(put)
    answer = client.get("/api/indicators/BTC/USD").json()
    IndicatorsModel.model_validate(answer, strict=True)
    whole = [{"symbol": "BTC/USD", "interval": "1m", **each} for each in answer["indicators"]]
    assert msgspec.convert(whole, list[Indicators]) == put


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("", list(VALUES)),
        ("sma_20", ["sma_20"]),
        ("sma", ["sma_20", "sma_50"]),
        ("sma_2", []),
        ("macd_signal,sma_50", ["sma_50", "macd_signal_12_26_9"]),
    ],
)
def test_some_are_asked_for_by_name(
    service: Service, client: httpx.Client, names: str, found: list[str]
) -> None:
    service.indicators.put([indicators()])
    (row,) = client.get(f"/api/indicators/BTC/USD?names={names}").json()["indicators"]
    assert list(row["values"]) == found


def test_of_one_candle_the_newest_message_counts(service: Service, client: httpx.Client) -> None:
    service.indicators.put([indicators(close=1.0), indicators(close=3.0)])
    (row,) = client.get("/api/indicators/BTC/USD").json()["indicators"]
    assert row["close"] == 3.0


def test_trends_come_as_they_were_put_the_highest_revision_of_each(
    service: Service, client: httpx.Client
) -> None:
    put = [trend(), trend(NOW + MINUTE, revision=1), trend(NOW + MINUTE, mean=9.0)]
    service.trends.put(put)
    answer = client.get("/api/trends/BTC/USD").json()
    TrendsModel.model_validate(answer, strict=True)
    assert msgspec.convert(answer["trends"], list[Trend]) == put[:2]
    answer = client.get(f"/api/trends/BTC/USD?from={NOW + 1}").json()
    assert msgspec.convert(answer["trends"], list[Trend]) == put[1:2]


def anomaly(ms: int = 0, kind: str = "price", severity: str = "minor", z: float = 3.5) -> Anomaly:
    return Anomaly(
        symbol="BTC/USD",
        timestamp=NOW + ms,
        kind=kind,
        interval=None,
        value=2.0,
        mean=1.0,
        standard_deviation=0.25,
        z=z,
        threshold=3.0,
        severity=severity,
        count=100,
        topic="trades",
        partition=0,
        offset=ms,
        updated_at=NOW,
    )


def gap(ms: int = 0, length: int = 700) -> Gap:
    end = NOW + ms
    return Gap("BTC/USD", end, end - length, end, length, 500, "trades", 0, ms, NOW)


def finger(ms: int = 0) -> FatFinger:
    return FatFinger("BTC/USD", NOW + ms, 20.0, 10.0, 1.0, 0.1, 100, "trades", 0, ms, NOW)


def totals(trades: int = 9) -> Totals:
    return Totals("BTC/USD", NOW, trades, 1, 2, 0.25, 0, 1, 3, 5, {"500": 4}, NOW)


def test_anomalies_come_as_they_were_put_by_time(service: Service, client: httpx.Client) -> None:
    put = [anomaly(5), anomaly(1, "quantity"), anomaly(3, severity="critical")]
    service.anomalies.put(put)
    answer = client.get("/api/anomalies/BTC/USD").json()
    AnomaliesModel.model_validate(answer, strict=True)
    found = msgspec.convert(answer["anomalies"], list[Anomaly])
    assert found == [put[1], put[2], put[0]]

    def times(query: str) -> list[int]:
        rows = client.get(f"/api/anomalies/BTC/USD?{query}").json()["anomalies"]
        return [row["timestamp"] - NOW for row in rows]

    assert times("kind=price") == [3, 5]
    assert times("severity=critical") == [3]
    assert times(f"from={NOW + 3}&to={NOW + 5}") == [3]
    assert times("limit=1") == [5]
    assert client.get("/api/anomalies/BTC/USD?kind=other").status_code == 422


def test_what_a_model_found_has_its_score_and_what_it_saw(
    service: Service, client: httpx.Client
) -> None:
    message = {
        **msgspec.to_builtins(anomaly(7, "model")),
        **dict.fromkeys(("mean", "standard_deviation", "z", "topic", "partition", "offset")),
        "interval": "1m",
        "value": 0.97,
        "features": {"range": 0.5, "return": -0.25},
    }
    service.anomalies.put([msgspec.convert(message, Anomaly), anomaly(8)])
    answer = client.get("/api/anomalies/BTC/USD?kind=model").json()
    AnomaliesModel.model_validate(answer, strict=True)
    assert answer["anomalies"] == [message]
    (other,) = client.get("/api/anomalies/BTC/USD?kind=price").json()["anomalies"]
    assert other["features"] is None


def test_what_a_recovered_job_says_again_is_there_once(
    service: Service, client: httpx.Client
) -> None:
    service.anomalies.put([anomaly(1), anomaly(2), anomaly(1, z=4.0)])
    found = client.get("/api/anomalies/BTC/USD").json()["anomalies"]
    assert [(row["timestamp"] - NOW, row["z"]) for row in found] == [(1, 4.0), (2, 3.5)]


def test_quality_has_the_newest_totals_and_what_happened(
    service: Service, client: httpx.Client
) -> None:
    service.quality.put([totals(5), finger(3), gap(1), totals(9)])
    answer = client.get("/api/quality/BTC/USD").json()
    QualityModel.model_validate(answer, strict=True)
    assert answer["totals"]["trades"] == 9
    assert [row["kind"] for row in answer["events"]] == ["gap", "fat_finger"]
    (row,) = client.get("/api/quality/BTC/USD?kind=gap").json()["events"]
    assert row.pop("partition_silent") == 0
    assert msgspec.convert(row, Gap) == gap(1)


def outage(end: int, length: int, partition: int = 0, topic: str = "trades") -> Outage:
    end += NOW
    return Outage("", end, end - length, end, length, 500, topic, partition, NOW)


def test_a_gap_says_how_long_of_it_the_partition_was_silent(
    service: Service, client: httpx.Client
) -> None:
    # From -700 to 1.
    service.quality.put([gap(1, 701), outage(-600, 500), outage(-50, 300), outage(9, 9)])
    service.quality.put([outage(-50, 300), outage(0, 700, partition=1), outage(0, 700, topic="o")])
    (row,) = client.get("/api/quality/BTC/USD").json()["events"]
    assert row["partition_silent"] == 100 + 300 + 1


def test_outages_come_as_they_were_put_by_time(service: Service, client: httpx.Client) -> None:
    put = [outage(900, 500), outage(100, 500, partition=1), outage(100, 600, topic="orders")]
    service.quality.put([*put, put[0]])
    answer = client.get("/api/outages").json()
    OutagesModel.model_validate(answer, strict=True)
    assert msgspec.convert(answer["outages"], list[Outage]) == [put[2], put[1], put[0]]
    assert len(client.get("/api/outages?limit=1").json()["outages"]) == 1
    (row,) = client.get(f"/api/outages?topic=trades&to={NOW + 101}").json()["outages"]
    assert row["partition"] == 1
    assert client.get("/api/outages?partition=1").status_code == 422


def test_so_many_outages_are_kept_those_that_came_last() -> None:
    quality = Quality(2, 10)
    quality.put([outage(3, 1), outage(1, 1), outage(2, 1), gap()])
    assert [each.end - NOW for each in quality.outages()] == [1, 2]
    assert len(quality) == 3


def test_so_many_events_are_kept_those_that_came_last() -> None:
    events = Events[Gap]("gaps", 2, 3)
    events.put([gap(1), gap(2), gap(3)])
    assert [each.timestamp - NOW for each in events.of("BTC/USD")] == [2, 3]
    others = [Gap(name, *(NOW,) * 3, 0, 0, "t", 0, 0, 0) for name in ("A", "B")]
    events.put(others)
    assert len(events) == 2
    with pytest.raises(UnknownSymbolError):
        events.of("BTC/USD")


@pytest.mark.parametrize("path", ["indicators/BTC/USD?interval=2m", "trends/BTC/USD?interval=1m"])
def test_a_wrong_question_is_refused(service: Service, client: httpx.Client, path: str) -> None:
    service.trends.put([trend()])
    assert client.get(f"/api/{path}").status_code == 422


@pytest.mark.parametrize("path", ["indicators", "trends"])
def test_an_unknown_symbol_is_told(service: Service, client: httpx.Client, path: str) -> None:
    service.trends.put([trend()])
    service.indicators.put([indicators()])
    problem = client.get(f"/api/{path}/A").json()
    assert problem["detail"] == f"no {path} of 'A'; there are BTC/USD"
