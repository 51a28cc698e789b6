"""Late trades over real HTTP, filled by hand."""

import httpx
import msgspec
import pytest

from api.models import LateTradesModel
from api.records import LateTrade
from api.service import Service
from tests.api.harness import NOW
from udfs import late


def late_trade(ms: int = 0, trade_id: str | None = "7", lateness: int = 900_001) -> LateTrade:
    place = ("trades", 0, ms // 2)  # two in a message
    return LateTrade("BTC/USD", 2.5, 4.0, NOW + ms, "buy", trade_id, None, lateness, *place)


def test_late_trades_come_as_they_were_put_by_time(service: Service, client: httpx.Client) -> None:
    put = [late_trade(5), late_trade(1, None), late_trade(3, "42")]
    service.late.put(put)
    answer = client.get("/api/late/BTC/USD").json()
    LateTradesModel.model_validate(answer, strict=True)
    assert msgspec.convert(answer["late_trades"], list[LateTrade]) == [put[1], put[2], put[0]]
    (row,) = client.get(f"/api/late/BTC/USD?from={NOW + 2}&to={NOW + 5}").json()["late_trades"]
    assert row["trade_id"] == "42"


def test_trades_of_one_message_are_two_and_one_that_comes_again_is_one(
    service: Service, client: httpx.Client
) -> None:
    put = [late_trade(0, "1"), late_trade(0, "2"), late_trade(0, "1", lateness=900_002)]
    service.late.put(put)
    rows = client.get("/api/late/BTC/USD").json()["late_trades"]
    assert [(row["trade_id"], row["lateness"]) for row in rows] == [("1", 900_002), ("2", 900_001)]


@pytest.mark.parametrize("trade_id", ["7", None])
def test_what_the_job_writes_is_what_is_read(trade_id: str | None) -> None:
    written = late.LateTrade(
        *("BTC/USD", 2.5, 4.0, NOW, "buy", trade_id, None, 900_001, "trades", 0, 0)
    )
    read = msgspec.json.decode(msgspec.json.encode(written), type=LateTrade)
    assert read == late_trade(trade_id=trade_id)


def test_an_unknown_symbol_is_told(service: Service, client: httpx.Client) -> None:
    service.late.put([late_trade()])
    problem = client.get("/api/late/A").json()
    assert (problem["status"], problem["valid"]) == (404, ["BTC/USD"])
