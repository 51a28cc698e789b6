"""Connections, gaps and a slow Kafka, against exchanges on loopback."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial, wraps
from typing import ParamSpec

import pytest

from api.backoff import Backoff
from api.breaker import Breaker
from scripts.exchanges.command import check
from scripts.exchanges.delivery import BATCH
from scripts.exchanges.trade import Trade
from scripts.sources.errors import BadInputError
from tests.scripts.exchanges.harness import QUICK, HandClock, Run, following, in_a_loop, until
from tests.scripts.exchanges.venue import NOON, Answer, BinanceVenue, CoinbaseVenue, Venue

P = ParamSpec("P")
SYMBOL = "BTCUSDT"
WITHOUT_JITTER = Backoff(2.0, 60.0, lambda: 1.0)
BOTH = pytest.mark.parametrize("made", [BinanceVenue, CoinbaseVenue])


def run_async(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """The test in a loop of its own."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def main() -> None:
            await test(*args, **kwargs)

        in_a_loop(main())

    return run


async def connected(venue: Venue, count: int = 1) -> None:
    await until(lambda: len(venue.clients) == count)


async def arrived(run: Run, venue: Venue) -> None:
    """Wait until everything that was made has arrived, and see that it is that, once."""
    made = [each for past in venue.history.values() for each in past]
    await until(lambda: len(run.sink.records) >= len(made))
    assert sorted(run.sink.records) == sorted(each.record() for each in made)


@BOTH
@run_async
async def test_live_trades_arrive_in_the_order_of_their_ids(made: type[Venue]) -> None:
    async with made().running() as venue, following(venue) as run:
        await connected(venue)
        (symbol,) = venue.symbols
        for _ in range(50):
            trade = venue.make(symbol)
            await venue.tell(trade, trade)
        await arrived(run, venue)
        await until(lambda: run.engine.counts.frames >= 100)
    assert run.sink.ids(symbol) == list(range(1_000, 1_050))
    assert (run.engine.counts.trades, run.engine.counts.duplicates) == (100, 50)
    assert run.engine.last == {symbol: 1_049}
    assert venue.asked == []


@BOTH
@run_async
async def test_a_long_gap_is_filled_page_by_page(made: type[Venue]) -> None:
    async with made().running() as venue, following(venue) as run:
        await connected(venue)
        (symbol,) = venue.symbols
        await venue.tell(venue.make(symbol))
        for _ in range(2_500):
            venue.make(symbol)
        await venue.tell(venue.make(symbol))
        await arrived(run, venue)
    counts = run.engine.counts
    assert (counts.gaps, counts.in_gaps, counts.filled, counts.missing) == (1, 2_500, 2_500, 0)
    assert len(venue.asked) == 3


@BOTH
@run_async
async def test_what_was_made_while_nobody_was_connected_is_filled(made: type[Venue]) -> None:
    async with made().running() as venue, following(venue) as run:
        await connected(venue)
        (symbol,) = venue.symbols
        await venue.tell(venue.make(symbol))
        await arrived(run, venue)
        await venue.close()
        venue.make(symbol)
        venue.make(symbol)
        await connected(venue)
        await venue.tell(venue.make(symbol))
        await arrived(run, venue)
    assert run.engine.counts.reconnects == 1


@run_async
async def test_what_came_after_an_id_of_before_is_filled() -> None:
    async with BinanceVenue().running() as venue:
        for _ in range(10):
            venue.make(SYMBOL)
        async with following(venue, since={SYMBOL: 1_002}) as run:
            await connected(venue)
            await venue.tell(venue.make(SYMBOL))
            await until(lambda: len(run.sink.records) == 8)
    assert sorted(run.sink.ids(SYMBOL)) == list(range(1_003, 1_011))


@run_async
async def test_an_exchange_that_limits_is_asked_again_when_it_says_and_holds_nothing_back() -> None:
    time = HandClock()
    async with BinanceVenue().running() as venue, following(venue, clock=time.clock) as run:
        await connected(venue)
        venue.answers += [Answer(429, {"Retry-After": "30"}), Answer(418, {"Retry-After": "300"})]
        await venue.tell(venue.make(SYMBOL))
        venue.make(SYMBOL)
        await venue.tell(venue.make(SYMBOL))
        for wait, asked in ((30, 1), (300, 2)):
            await until(lambda wait=wait: wait in time.slept)  # type: ignore[misc]
            time.advance(wait - 1)
            await venue.tell(venue.make(SYMBOL))
            last = venue.history[SYMBOL][-1].trade_id
            await until(lambda last=last: last in run.sink.ids(SYMBOL))  # type: ignore[misc]
            assert len(venue.asked) == asked
            time.advance(1)
        await arrived(run, venue)
    assert len(venue.asked) == 3
    assert run.said("it is asked again in 300 s")


@run_async
async def test_what_rest_does_not_give_is_said_and_counted() -> None:
    async with BinanceVenue().running() as venue, following(venue) as run:
        await connected(venue)
        venue.rest_is_away = True
        await venue.tell(venue.make(SYMBOL))
        venue.make(SYMBOL)
        venue.make(SYMBOL)
        await venue.tell(venue.make(SYMBOL))
        await until(lambda: run.engine.counts.missing == 2)
        assert len(venue.asked) == QUICK.tries
        assert run.said(f"{SYMBOL} 1001 to 1002 cannot be had")

        # A key is wanted: to ask again is in vain.
        venue.rest_is_away = False
        venue.answers.append(Answer(401, body=b'{"code":-2014,"msg":"API-key format invalid."}'))
        venue.make(SYMBOL)
        await venue.tell(venue.make(SYMBOL))
        await until(lambda: run.engine.counts.missing == 3)
        assert len(venue.asked) == QUICK.tries + 1
        assert run.said("API-key format invalid")

        # The exchange has it no more, but what is around it.
        for _ in range(3):
            venue.make(SYMBOL)
        del venue.history[SYMBOL][-2]
        await venue.tell(venue.make(SYMBOL))
    assert run.sink.ids(SYMBOL)[:3] == [1_000, 1_003, 1_005]


@run_async
async def test_trades_around_one_that_the_exchange_lacks_are_filled() -> None:
    async with CoinbaseVenue().running() as venue, following(venue) as run:
        await connected(venue)
        (symbol,) = venue.symbols
        trades = [venue.make(symbol) for _ in range(7)]
        venue.history[symbol].remove(trades[3])
        await venue.tell(trades[0], trades[6])
        await until(lambda: run.engine.counts.missing == 1)
        await arrived(run, venue)
    assert run.said("the exchange has no such trades")


@BOTH
@run_async
async def test_an_old_connection_is_replaced_before_it_is_closed(made: type[Venue]) -> None:
    time, limits = HandClock(), replace(QUICK, lifetime_s=100.0, overlap_s=5.0, silence_s=1e6)
    async with (
        made().running() as venue,
        following(venue, clock=time.clock, limits=limits) as run,
    ):
        await connected(venue)
        (symbol,) = venue.symbols
        await venue.tell(venue.make(symbol))
        await arrived(run, venue)
        for _ in range(3):
            time.slept.clear()
            time.advance(100)
            await connected(venue, 2)
            for _ in range(10):
                await venue.tell(venue.make(symbol))
            await until(lambda: 5.0 in time.slept)
            time.advance(5)
            await connected(venue, 1)
            await venue.tell(venue.make(symbol))
            await arrived(run, venue)
    assert run.sink.ids(symbol) == sorted(run.sink.ids(symbol))
    assert (run.engine.counts.reconnects, run.engine.counts.gaps, venue.asked) == (3, 0, [])


@run_async
async def test_an_exchange_that_shuts_down_has_another_connection_at_once() -> None:
    async with BinanceVenue().running() as venue, following(venue) as run:
        await connected(venue)
        await venue.tell(venue.make(SYMBOL))
        await venue.say(b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}')
        await until(lambda: venue.opened == 2)
        await venue.tell(venue.make(SYMBOL))
        await venue.close()
        await connected(venue)
        await venue.tell(venue.make(SYMBOL))
        await arrived(run, venue)


@run_async
async def test_a_connection_that_answers_no_ping_is_made_anew() -> None:
    time, limits = HandClock(), replace(QUICK, silence_s=20.0)
    async with (
        BinanceVenue().running() as venue,
        following(venue, clock=time.clock, limits=limits) as run,
    ):
        await connected(venue)
        venue.mute()
        await until(lambda: venue.opened == 2, lambda: time.advance(0.2))
        assert run.said("no answer to a ping in 20 s")


@run_async
async def test_a_connection_without_data_is_kept_while_it_answers_but_not_for_ever() -> None:
    time, limits = HandClock(), replace(QUICK, silence_s=20.0, quiet_s=60.0)
    async with (
        BinanceVenue().running() as venue,
        following(venue, clock=time.clock, limits=limits) as run,
    ):
        await connected(venue)
        start = time.at
        await until(lambda: venue.opened == 2, lambda: time.advance(0.2))
        assert time.at - start >= 60
        assert run.said("no data for 60 s")
        assert not run.said("no answer")


@run_async
async def test_one_who_cannot_connect_waits_longer_each_time_and_then_much_longer() -> None:
    time = HandClock()
    async with BinanceVenue().running() as venue:
        pass  # nobody listens any more
    breaker = partial(Breaker, failures=3, pause=100.0, most=300.0)
    async with following(venue, clock=time.clock, connect=WITHOUT_JITTER, breaker=breaker) as run:
        for count in range(1, 6):
            await until(lambda count=count: len(time.slept) == count)  # type: ignore[misc]
            assert "not connected" in (run.engine.trouble() or "")
            time.advance(time.slept[-1])
        await until(lambda: len(time.slept) == 6)
    assert time.slept == [2.0, 4.0, 100.0, 200.0, 300.0, 300.0]
    assert run.said("no connection")


@run_async
async def test_a_trade_is_what_ends_the_failures() -> None:
    time = HandClock()
    async with (
        BinanceVenue().running() as venue,
        following(venue, clock=time.clock, connect=WITHOUT_JITTER) as run,
    ):
        for wait in (2.0, 4.0, 8.0):
            await connected(venue)
            await venue.close()
            await until(lambda wait=wait: wait in time.slept)  # type: ignore[misc]
            time.advance(wait)
        await connected(venue)
        await venue.tell(venue.make(SYMBOL))
        await arrived(run, venue)
        time.slept.clear()
        await venue.close()
        await until(lambda: 2.0 in time.slept)


@run_async
async def test_a_slow_kafka_slows_the_exchange_down_and_nothing_is_lost() -> None:
    limits = replace(QUICK, waiting=50)
    async with BinanceVenue().running() as venue, following(venue, limits=limits) as run:
        await connected(venue)
        run.sink.open.clear()
        client = venue.clients[0]

        async def flood() -> None:
            while True:
                await venue.tell(venue.make(SYMBOL))

        flooding = asyncio.create_task(flood())
        made: list[int] = []

        def is_stalled() -> bool:
            made.append(len(venue.history[SYMBOL]))
            return made[-100:].count(made[-1]) == 100

        await until(is_stalled)
        assert run.engine.trouble() == "Kafka is slow: the exchange is not read"
        assert run.engine.counts.frames <= BATCH + limits.waiting + 1
        flooding.cancel()
        await asyncio.wait({flooding})

        # The exchange has enough of it.
        client.transport.abort()
        run.sink.open.set()
        await until(lambda: venue.opened == 2)
        await connected(venue)
        await venue.tell(venue.make(SYMBOL))
        await arrived(run, venue)
        assert run.engine.trouble() is None


@run_async
async def test_malformed_trades_go_to_kafka_as_they_are_and_others_nowhere() -> None:
    async with BinanceVenue().running() as venue, following(venue) as run:
        await connected(venue)
        await venue.say(b"{")
        trade = venue.make(SYMBOL)
        await venue.tell(trade)
        broken = venue.frame(trade).replace(b'"p":"1', b'"p":"one')
        await venue.say(broken)
        await venue.say(b'{"stream":"ltcusdt@trade","data":{}}')
        await venue.say(b'{"stream":"btcusdt@kline_1m","data":{}}')
        await until(lambda: run.engine.counts.frames == 5)
    # Before the first trade there is but the clock.
    assert run.sink.records == [
        (b"BINANCE", b"{", NOON, 1),
        trade.record(),
        (SYMBOL.encode(), broken, trade.timestamp, 1),
    ]
    assert (run.engine.counts.malformed, run.engine.counts.forwarded) == (2, 2)


@run_async
async def test_ids_that_begin_anew_are_taken() -> None:
    async with BinanceVenue().running() as venue, following(venue) as run:
        await connected(venue)
        trades = [venue.make(SYMBOL) for _ in range(3)]
        again = [replaced(each, n) for n, each in enumerate(trades)]
        await venue.tell(*trades, *again)
        await until(lambda: run.engine.counts.frames == 6)
    assert run.sink.ids(SYMBOL) == [1_000, 1_001, 1_002, 0, 1, 2]
    assert run.engine.counts.restarts == 1
    assert run.said(f"those of {SYMBOL} begin anew with 0")


def replaced(trade: Trade, number: int) -> Trade:
    """The trade as another of the same market, later."""
    return Trade(
        *(trade.symbol, trade.price, trade.quantity, trade.timestamp + 1_000),
        *(trade.side, number, trade.exchange),
    )


@run_async
async def test_a_product_that_is_unknown_is_said() -> None:
    venue = CoinbaseVenue("BTC-USD", "NO-USD")
    del venue.history["NO-USD"]
    async with venue.running(), following(venue) as run:
        await until(lambda: run.said("COINBASE says: Failed to subscribe: NO-USD is not a valid"))


@pytest.mark.parametrize(
    "venue", [CoinbaseVenue("BTC-USD", "NO-USD"), BinanceVenue("BTCUSDT", "NOUSDT")]
)
@run_async
async def test_an_unknown_symbol_ends_the_command_before_it_begins(venue: Venue) -> None:
    async with venue.running():
        await check(venue.adapter())
        del venue.history[venue.symbols[1]]
        with pytest.raises(BadInputError, match=f"has no symbol {venue.symbols[1]}") as error:
            await check(venue.adapter())
        assert error.value.code == 2


@run_async
async def test_symbols_are_not_checked_where_rest_is_away(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with BinanceVenue().running() as venue:
        venue.rest_is_away = True
        await check(venue.adapter())
    assert "symbols are not checked" in capsys.readouterr().err
