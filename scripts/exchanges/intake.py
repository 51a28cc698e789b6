"""Every trade once."""

from collections.abc import Callable, Mapping

from scripts.exchanges.adapter import Adapter, Malformed
from scripts.exchanges.counts import Counts
from scripts.exchanges.delivery import Delivery
from scripts.exchanges.sequence import Sequence
from scripts.exchanges.trade import Trade
from scripts.exchanges.voice import Say
from scripts.sources.record import Record

SHOWN = 200
"""Bytes of a malformed frame that are said."""

OnGap = Callable[[str, range], None]
"""Takes the symbol and the ids that are missing."""


class Intake:
    """Tells new trades from copies, finds gaps, and hands on what is new.

    Live trades go on in the order of their ids. What fills a gap goes on when it comes, which is
    after the trade that showed the gap.

    Args:
        adapter: Of the exchange.
        since: The last id of a symbol that Kafka has; what came after it is asked for.
        delivery: To Kafka.
        counts: Kept here.
        say: What is odd is told.
        wall_ms: Ms since the epoch, as the time of what has none.
    """

    def __init__(
        self,
        adapter: Adapter,
        since: Mapping[str, int],
        delivery: Delivery,
        counts: Counts,
        say: Say,
        wall_ms: Callable[[], int],
    ) -> None:
        self._exchange = adapter.exchange
        self._sequences = {symbol: Sequence(since.get(symbol)) for symbol in adapter.symbols}
        self._delivery = delivery
        self._counts = counts
        self._say = say
        self._wall_ms = wall_ms
        self._newest_ms = 0

    async def take(self, trade: Trade, on_gap: OnGap) -> bool:
        """Hand a trade on if it is new, and tell whether it was."""
        await self._delivery.room()
        counts, symbol = self._counts, trade.symbol
        sequence = self._sequences[symbol]
        taken = sequence.take(trade.trade_id, trade.timestamp)
        counts.trades += 1
        if not taken.is_new:
            counts.duplicates += 1
            return False
        counts.missing += taken.given_up
        if taken.has_restarted:
            counts.restarts += 1
            self._say("ids", f"those of {symbol} begin anew with {trade.trade_id}")
        elif taken.gap:
            counts.gaps += 1
            counts.in_gaps += len(taken.gap)
            self._say("gap", f"{_ids(symbol, taken.gap)} did not come")
            on_gap(symbol, taken.gap)
        elif taken.has_filled:
            counts.filled += 1
        if taken.given_up:
            self._say("missing", f"{taken.given_up:,} trades of {symbol} are not asked for")
        self._newest_ms = max(self._newest_ms, trade.timestamp)
        self._delivery.add(trade.record())
        return True

    async def forward(self, frame: bytes, malformed: Malformed) -> None:
        """Hand a frame on as it is: the pipeline makes a dead letter of it.

        Its time is that of the newest trade, so that it moves no watermark.
        """
        await self._delivery.room()
        self._counts.malformed += 1
        self._counts.forwarded += 1
        self._say("malformed", f"{malformed.reason}: {frame[:SHOWN]!r}")
        key = malformed.symbol or self._exchange
        self._delivery.add(Record(key.encode(), frame, self._newest_ms or self._wall_ms()))

    def first_missing(self, symbol: str, within: range) -> range | None:
        """The first ids in a row of these that are missing."""
        return self._sequences[symbol].first_missing(within)

    def give_up(self, symbol: str, ids: range, why: str) -> None:
        """Wait no longer for these trades."""
        count = self._sequences[symbol].give_up(ids)
        self._counts.missing += count
        if count:
            self._say("missing", f"{_ids(symbol, ids)} cannot be had: {why}")

    def give_up_all(self) -> None:
        """Wait for nothing more, for the source ends."""
        for symbol, sequence in self._sequences.items():
            while missing := sequence.first_missing(range(sequence.last or 0)):
                self.give_up(symbol, missing, "the source was stopped")

    @property
    def last(self) -> dict[str, int]:
        """The greatest id of each symbol that had trades."""
        found = {symbol: sequence.last for symbol, sequence in self._sequences.items()}
        return {symbol: last for symbol, last in found.items() if last is not None}


def _ids(symbol: str, ids: range) -> str:
    last = f" to {ids.stop - 1}" if len(ids) > 1 else ""
    return f"{symbol} {ids.start}{last}"
