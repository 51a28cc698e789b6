"""How long and how much, of a source that follows an exchange."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Its limits.

    Attributes:
        open_s: The longest that opening a connection may take, seconds.
        silence_s: After so long without a frame the exchange is asked whether it is there, and has
            as long to answer.
        quiet_s: After so long without a frame a connection is made anew even if it answers.
        lifetime_s: The age of a connection at which another takes its place: Binance ends it at
            24 hours.
        overlap_s: How long both are read then, so that nothing falls between them.
        grace_s: How long a gap may close by itself before REST is asked, which has trades a little
            later than the stream.
        tries: So many answers of REST without a trade that is missing, or so many errors, and what
            is missing is given up.
        waiting: Trades that may wait for Kafka before the exchange is no longer read.
    """

    open_s: float = 10.0
    silence_s: float = 20.0
    quiet_s: float = 600.0
    lifetime_s: float = 23 * 3_600.0
    overlap_s: float = 5.0
    grace_s: float = 1.0
    tries: int = 5
    waiting: int = 10_000
