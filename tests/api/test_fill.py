"""Candles without holes, against a plain model, over real HTTP."""

from itertools import count
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.fill import LENGTHS_MS, Fill
from api.models import CandlesModel, FilledCandleModel
from api.parameters import CandleParameters
from api.records import FilledCandle, Outage
from api.service import Service
from api.silence import Silence
from tests.api.harness import MINUTE, NOW, candle

SYMBOLS = count()


def at(minute: int) -> int:
    return NOW + minute * MINUTE


def outage(start: int, end: int, partition: int = 0) -> Outage:
    return Outage("", end, start, end, end - start, 500, "trades", partition, NOW)


def rows(client: httpx.Client, symbol: str = "BTC/USD", /, **query: Any) -> list[dict[str, Any]]:
    response = client.get(f"/api/candles/{symbol}", params=query)
    assert response.status_code == 200, response.text
    CandlesModel.model_validate(response.json(), strict=True)
    found: list[dict[str, Any]] = response.json()["candles"]
    return found


def test_the_close_before_stands_for_what_was_not_traded(
    service: Service, client: httpx.Client
) -> None:
    service.store.put([candle(start=at(0), close=101.25), candle(start=at(3))])
    found = rows(client, fill="previous")
    assert [row["start"] for row in found] == [at(n) for n in range(4)]
    assert [row["filled"] for row in found] == [False, True, True, False]
    made_up = found[1]
    assert [made_up[name] for name in ("open", "high", "low", "close")] == [101.25] * 4
    assert [made_up[name] for name in ("volume", "trades", "notional", "buy_volume")] == [0] * 4
    assert (made_up["vwap"], made_up["updated_at"], made_up["end"]) == (None, None, at(2))


def test_a_candle_that_is_there_stays_as_it_is(service: Service, client: httpx.Client) -> None:
    service.store.put([candle(revision=2)])
    (plain,) = rows(client)
    assert rows(client, fill="null") == [{**plain, "filled": False, "cause": None}]
    assert "filled" not in plain


def test_without_prices_nothing_is_said_of_them(service: Service, client: httpx.Client) -> None:
    service.store.put([candle(start=at(0)), candle(start=at(2))])
    made_up = rows(client, fill="null")[1]
    assert [made_up[name] for name in ("open", "high", "low", "close")] == [None] * 4
    assert (made_up["volume"], made_up["trades"]) == (0, 0)


def test_an_outage_is_told_from_a_quiet_market(service: Service, client: httpx.Client) -> None:
    service.store.put([candle(start=at(0)), candle(start=at(5))])
    # From the last ms of minute 2 to the first of minute 4; one that only touches minute 1.
    service.quality.put([outage(at(3) - 1, at(4)), outage(at(0), at(1))])
    found = rows(client, fill="null")
    causes = [None, "quiet", "outage", "outage", "quiet", None]
    assert [row["cause"] for row in found] == causes


def test_from_and_to_bound_what_is_filled_and_the_close_before_them_is_known(
    service: Service, client: httpx.Client
) -> None:
    service.store.put([candle(start=at(0), close=101.25), candle(start=at(9))])
    found = rows(client, fill="previous", **{"from": at(2) + 1, "to": at(5)})
    assert [row["start"] for row in found] == [at(3), at(4)]
    assert {row["close"] for row in found} == {101.25}
    assert rows(client, fill="null", to=at(0)) == []


def test_nothing_is_made_up_outside_of_what_is_kept(service: Service, client: httpx.Client) -> None:
    service.store.put([candle(start=at(4)), candle(start=at(6))])
    found = rows(client, fill="null", **{"from": at(0), "to": at(99)})
    assert [row["start"] for row in found] == [at(4), at(5), at(6)]
    assert rows(client, fill="null", interval="1h") == []


def test_what_is_made_up_is_final_once_a_later_candle_is(
    service: Service, client: httpx.Client
) -> None:
    put = [candle(start=at(0)), candle(start=at(2)), candle(start=at(4), final=False)]
    service.store.put(put)
    found = rows(client, fill="null")
    assert [row["final"] for row in found] == [True, True, True, False, False]
    assert len(rows(client, fill="null", final="true")) == 3
    assert len(rows(client, fill="null", final="false")) == 2


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15
)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=12),
    st.sampled_from(["null", "previous"]),
    st.integers(2, 15),
)
def test_pages_of_any_size_make_the_same_candles(
    service: Service, client: httpx.Client, minutes: list[int], fill: str, limit: int
) -> None:
    symbol = f"S{next(SYMBOLS)}"
    closes = {minute: 100 + minute / 8 for minute in minutes}
    service.store.put(candle(symbol, start=at(n), close=close) for n, close in closes.items())
    walked: list[dict[str, Any]] = []
    query: dict[str, Any] = {"fill": fill, "limit": limit}
    while True:
        answer = client.get(f"/api/candles/{symbol}", params=query).json()
        walked = answer["candles"] + walked
        if answer["next"] is None:
            break
        query["cursor"] = answer["next"]
    assert walked == rows(client, symbol, fill=fill)
    first, last = min(minutes), max(minutes)
    assert [row["start"] for row in walked] == [at(n) for n in range(first, last + 1)]
    close: float | None = None
    for minute, row in zip(range(first, last + 1), walked, strict=True):
        close = closes.get(minute, close if fill == "previous" else None)
        assert (row["close"], row["filled"]) == (close, minute not in closes)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9))),
    st.integers(0, 60),
    st.integers(1, 9),
)
def test_silence_overlaps_as_any_of_its_outages_does(
    spans: list[tuple[int, int]], start: int, length: int
) -> None:
    outages = [outage(begin, begin + most) for begin, most in spans]
    end = start + length
    expected = any(each.start < end and start < each.end for each in outages)
    assert Silence(outages).overlaps(start, end) is expected


def test_what_is_promised_is_what_is_made() -> None:
    promised = {name: field.annotation for name, field in FilledCandleModel.model_fields.items()}
    assert promised == {each.name: each.type for each in msgspec.structs.fields(FilledCandle)}
    asked: object = CandleParameters.model_fields["fill"].annotation
    assert asked == Fill


@pytest.mark.parametrize("interval", LENGTHS_MS)
def test_a_candle_is_as_long_as_its_interval(
    service: Service, client: httpx.Client, interval: Any
) -> None:
    length = LENGTHS_MS[interval]
    start = NOW // 86_400_000 * 86_400_000
    service.store.put(
        candle(interval=interval, start=start + n * length, length=length) for n in (0, 2)
    )
    found = rows(client, interval=interval, fill="null")
    assert [row["end"] - row["start"] for row in found] == [length] * 3
