"""Two exchanges on loopback, through the whole pipeline."""

import asyncio
import base64
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scripts.stack import topics
from tests import oracle
from tests.scripts.exchanges.harness import in_a_loop
from tests.scripts.exchanges.venue import NOON, Answer, BinanceVenue, CoinbaseVenue, Venue
from tests.system.conftest import DELAY_MS, SubmitMarket
from tests.system.harness import Market, Message, everything, read, totals
from tests.system.test_market import published

pytestmark = [
    pytest.mark.system,
    # kafka-python leaves sockets that were refused to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

ROOT = Path(__file__).parents[2]
PARTITIONS = 3
PATIENCE_S = 60.0
LATER = NOON + 1_000_000
COUNTED = re.compile(r"(\d[\d,]*) (\w+)")


@dataclass(frozen=True)
class Ran:
    """What a command said in the end."""

    code: int
    out: str
    news: str

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of its last lines, by what follows them."""
        text = re.sub(r"gaps of ([\d,]+) trades", r"gaps, \1 in_gaps", self.out)
        return {name: int(n.replace(",", "")) for n, name in COUNTED.findall(text)}


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def command(name: str, venue: Venue, market: Market, ran: list[Ran]) -> AsyncIterator[None]:
    """The command of an exchange, as a process; Ctrl-C ends it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"scripts.{name}", "--symbols", ",".join(venue.symbols)),
        *("--url", f"ws://127.0.0.1:{venue.port}", "--rest-url", f"http://127.0.0.1:{venue.port}"),
        *("--bootstrap-servers", market.broker.bootstrap_servers, "--topic", market.trades_topic),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        out, news = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        assert process.returncode is not None
        ran.append(Ran(process.returncode, out.decode(), news.decode()))


async def play(venue: Venue) -> list[bytes]:
    """Drops, copies, gaps and malformed frames; return the latter."""
    malformed: list[bytes] = []

    async def connected() -> None:
        await until(lambda: len(venue.clients) == 1)

    async def told(count: int) -> None:
        for _ in range(count):
            for symbol in venue.symbols:
                trade = venue.make(symbol, "sell" if count % 2 else "buy")
                await venue.tell(trade, trade)

    await connected()
    await told(30)
    for symbol in venue.symbols:
        frame = venue.frame(venue.make(symbol))
        malformed.append(re.sub(rb'"(p|price)":"[^"]*"', rb'"\1":"dear"', frame))
        malformed.append(frame[: len(frame) // 2])
        venue.history[symbol].pop()
    for frame in malformed:
        await venue.say(frame)
    await told(5)
    venue.answers += [Answer(429, {"Retry-After": "1"}), Answer(503)]
    for symbol in venue.symbols:
        venue.make(symbol)
        venue.make(symbol)
    await told(5)
    venue.cut(venue.frame(venue.make(venue.symbols[0])), at=77)
    for _ in range(1_500):
        venue.make(venue.symbols[1])
    await connected()
    await told(30)
    await venue.close()
    for symbol in venue.symbols:
        venue.make(symbol)
    await connected()
    await told(5)
    return malformed


async def both(market: Market) -> tuple[list[Venue], list[bytes], list[Ran]]:
    """Both exchanges and their commands, until Kafka has what they made."""
    binance, coinbase = BinanceVenue("BTCUSDT", "ETHUSDT"), CoinbaseVenue("BTC-USD", "ETH-USD")
    venues: list[Venue] = [binance, coinbase]
    ran: list[Ran] = []
    kafka = topics.consumer(market.broker.bootstrap_servers)
    topic = market.trades_topic
    try:
        async with (
            binance.running(),
            coinbase.running(),
            command("binance", binance, market, ran),
            command("coinbase", coinbase, market, ran),
        ):
            malformed = [*chain(*await asyncio.gather(*map(play, venues)))]
            made = sum(len(past) for venue in venues for past in venue.history.values())
            expected = made + len(malformed)
            await until(lambda: topics.counts(kafka, [topic])[topic] >= expected)
    finally:
        kafka.close()
    return venues, malformed, ran[::-1]


def test_what_two_exchanges_trade_is_in_the_candles_once_whatever_happens(
    submit_market: SubmitMarket,
) -> None:
    market = submit_market(partitions=PARTITIONS, watermark_delay_ms=DELAY_MS)
    venues, malformed, ran = in_a_loop(both(market))
    trades = [
        msgspec.to_builtins(each)
        for venue in venues
        for past in venue.history.values()
        for each in past
    ]

    # Kafka has each trade once, and what was malformed as it came.
    records = everything(market.broker, market.trades_topic)
    values = Counter(each.value for each in records)
    assert values == Counter([*malformed, *map(msgspec.json.encode, trades)])
    for venue, each in zip(venues, ran, strict=True):
        made = sum(map(len, venue.history.values()))
        assert each.code == 0, each
        counts = each.counts
        assert counts["acknowledged"] == made + len(malformed) // 2
        assert (counts["malformed"], counts["missing"], counts["failed"]) == (4, 0, 0)
        assert counts["trades"] - counts["duplicates"] == made
        assert counts["filled"] == counts["in_gaps"]
        assert counts["reconnects"] == 2
        assert counts["gaps"] >= 3  # Coinbase tells the last trade again: that may be a whole gap
        assert "HTTP 429" in each.news

    # One trade for all partitions, much later, ends every window.
    last = {**trades[0], "symbol": "LATER", "timestamp": LATER}
    ends = [Message(msgspec.json.encode(last), LATER, partition=n) for n in range(PARTITIONS)]
    market.send(*ends)

    expected = oracle.candles([oracle.validate(each, LATER) for each in trades])
    wanted = {
        window: published(each) for window, each in expected.items() if window[1] in ("1s", "15m")
    }

    def newest(candles: list[Any]) -> dict[tuple[str, str, int], dict[str, Any]]:
        return {
            (each["symbol"], each["interval"], each["start"]): {
                **{name: value for name, value in each.items() if name != "updated_at"},
                "revision": 0,
            }
            for each in candles
            if each["symbol"] != "LATER" and each["interval"] in ("1s", "15m")
        }

    candles = market.candles(lambda found: newest(found) == wanted)
    assert newest(candles) == wanted

    letters = market.dead_letters(len(malformed))
    assert Counter(base64.b64decode(each["payload"]) for each in letters) == Counter(malformed)

    account = {
        "messages": len(records) + PARTITIONS,
        "records": len(records) + PARTITIONS,
        "candles": len(trades) + 1,
        "duplicates": PARTITIONS - 1,
        "late": 0,
        "rejected": len(malformed),
        "orders": 0,
        "session": 0,
    }
    ledger = read(
        market.broker,
        market.ledger_topic,
        lambda found: totals([each.json() for each in found]) == account,
    )
    assert totals([each.json() for each in ledger]) == account
