"""The smaller parts: what is said, what waits, when to come again, and the options."""

from collections.abc import Iterable

import pytest
from typer.testing import CliRunner

from scripts import binance, coinbase
from scripts.exchanges.delivery import Delivery
from scripts.exchanges.rest import LONGEST_BAN_S, retry_after
from scripts.exchanges.voice import EVERY_S, MOST, Voice
from scripts.sources.command import application
from scripts.sources.record import Record
from tests.scripts.exchanges.harness import in_a_loop


def test_news_of_a_kind_are_bounded_and_the_others_counted() -> None:
    now, lines = [0.0], list[str]()
    say = Voice(lambda: now[0], lines.append)
    for n in range(1_000):
        say("gap", str(n))
    say("REST", "away")
    assert lines == [*(f"gap: {n}" for n in range(MOST)), "REST: away"]
    lines.clear()
    now[0] += EVERY_S
    say("gap", "again")
    assert lines == [f"gap: {1_000 - MOST:,} more in the last minute or so", "gap: again"]


class Stopped:
    """A sender that takes so much and is stopped then."""

    def __init__(self, takes: int) -> None:
        self.takes = takes

    def send(self, records: Iterable[Record], /) -> int:
        taken = min(self.takes, len(list(records)))
        self.takes -= taken
        return taken


@pytest.mark.parametrize("takes", [0, 1, 999, 1_000, 1_001, 2_499, 2_500])
def test_what_a_sender_that_was_stopped_did_not_take_is_counted(takes: int) -> None:
    async def main() -> int:
        delivery = Delivery(Stopped(takes), 10_000)
        for number in range(2_500):
            delivery.add(Record(b"A", b"", number))
        delivery.end()
        return await delivery.run()

    assert in_a_loop(main()) == 2_500 - takes


def test_when_to_come_again_is_said_in_seconds_or_as_a_date() -> None:
    assert retry_after("30") == 30
    assert retry_after("9" * 30) == LONGEST_BAN_S
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("Wed, 21 Oct 2199 07:28:00 GMT") == LONGEST_BAN_S
    for wrong in ("", "soon", "-1", "²"):
        assert retry_after(wrong) is None


@pytest.mark.parametrize(
    "wrong",
    [
        ["--symbols", ""],
        ["--symbols", "BTC/USDT"],
        ["--url", "https://x"],
        ["--url", "stream.binance.com"],
        ["--rest-url", "ws://x"],
        ["--since-id", "BTCUSDT"],
        ["--since-id", "BTCUSDT=x"],
        ["--since-id", "LTCUSDT=1"],
        ["--partitions", "0"],
        ["--compression", "rar"],
        ["--stream", "kline"],
    ],
    ids=" ".join,
)
def test_a_wrong_option_is_named_and_the_exit_code_is_2(wrong: list[str]) -> None:
    result = CliRunner().invoke(application(binance.binance), wrong)
    assert result.exit_code == 2
    assert wrong[0] in result.output


def test_a_product_of_coinbase_has_a_dash() -> None:
    result = CliRunner().invoke(application(coinbase.coinbase), ["--symbols", "BTCUSD"])
    assert result.exit_code == 2
    assert "BTC-USD" in result.output
