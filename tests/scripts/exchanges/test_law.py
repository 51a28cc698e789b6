"""The law of the source: whatever is cut, every trade arrives once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.scripts.exchanges.harness import QUICK, following, in_a_loop, until
from tests.scripts.exchanges.venue import Answer, BinanceVenue, CoinbaseVenue, Venue

PATIENT = replace(QUICK, tries=10**6)
# To find a smaller script takes minutes: each is played in real time.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
VENUES: dict[str, Callable[[], Venue]] = {
    "trades": lambda: BinanceVenue("BTCUSDT", "ETHUSDT"),
    "aggregate trades": lambda: BinanceVenue("BTCUSDT", "ETHUSDT", stream="aggTrade"),
    "matches": lambda: CoinbaseVenue("BTC-USD", "ETH-USD"),
}

symbol = st.integers(0, 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), symbol),
        st.tuples(st.just("untold"), symbol),
        st.tuples(st.just("again"), symbol, st.integers(0, 10**6)),
        st.tuples(st.just("cut"), symbol, st.integers(0, 10**6)),
        st.tuples(st.just("drip"), symbol),
        st.tuples(st.just("close")),
        st.tuples(st.just("malformed"), st.binary(min_size=1, max_size=20)),
        st.tuples(st.just("REST fails"), st.sampled_from([429, 418, 500, 503])),
        st.tuples(st.just("REST babbles"), st.binary(max_size=20)),
        st.tuples(st.just("wait")),
    ),
    max_size=40,
)


async def play(venue: Venue, script: list[Any]) -> int:
    """Act; return how many frames were malformed that a client was sent."""
    malformed = 0
    for step, *what in script:
        match step, what:
            case "trade", [n]:
                await venue.tell(venue.make(venue.symbols[n]))
            case "untold", [n]:
                venue.make(venue.symbols[n])
            case "again", [n, place]:
                past = venue.history[venue.symbols[n]]
                # What was untold until now would not be a copy.
                await venue.tell(past[place % len(past)])
            case "cut", [n, at]:
                venue.cut(venue.frame(venue.make(venue.symbols[n])), at)
            case "drip", [n]:
                await venue.drip(venue.frame(venue.make(venue.symbols[n])))
            case "close", []:
                await venue.close()
            case "malformed", [text]:
                malformed += bool(venue.clients)
                await venue.say(b"{" + text)
            case "REST fails", [status]:
                headers = {"Retry-After": "0"} if status < 500 else {}
                venue.answers.append(Answer(status, headers))
            case "REST babbles", [text]:
                venue.answers.append(Answer(200, body=text))
            case "wait", []:
                await until(lambda: bool(venue.clients))
    return malformed


@pytest.mark.parametrize("made", VENUES.values(), ids=VENUES)
@given(script=steps)
@settings(max_examples=25, phases=PHASES)
def test_whatever_happens_every_trade_arrives_once(
    made: Callable[[], Venue], script: list[Any]
) -> None:
    async def main() -> None:
        async with made().running() as venue, following(venue, limits=PATIENT) as run:
            await until(lambda: bool(venue.clients))
            await venue.tell(*map(venue.make, venue.symbols))
            malformed = await play(venue, script)
            await until(lambda: bool(venue.clients))
            await venue.tell(*map(venue.make, venue.symbols))
            made_in_all = sum(map(len, venue.history.values()))
            counts = run.engine.counts
            await until(lambda: len(run.sink.records) == made_in_all + counts.forwarded)
        assert counts.malformed == counts.forwarded <= malformed
        assert counts.missing == 0
        trades = [each for each in run.sink.records if each.value.startswith(b'{"symbol"')]
        expected = [each.record() for past in venue.history.values() for each in past]
        assert sorted(trades) == sorted(expected)

    in_a_loop(main())
