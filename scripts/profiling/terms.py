"""What a profile is told: the job's own rules, and which trades it is about."""

from dataclasses import dataclass, field

from udfs.periods import ScoreRules


class ProfileError(Exception):
    """An input that cannot be read, or makes no sense; the text says what was expected."""


@dataclass(frozen=True)
class Terms:
    """What holds for a profile; the defaults are those of the job's settings."""

    scores: ScoreRules = field(default_factory=ScoreRules)
    """Window of the rolling mean, how far a price may be from it, and the lengths of gaps."""
    duplicates_ms: int = 900_000
    """How long a trade is remembered, in event time; 0 is not at all."""
    delay_ms: int = 2_000
    """How far behind the newest trade of a part event time is."""
    max_ahead_ms: int = 60_000
    """How far a trade's time may be ahead of its Kafka record's; of a file, of the clock."""
    symbols: frozenset[str] = frozenset()
    """Only these; all if there are none."""
    from_ms: int | None = None
    to_ms: int | None = None
    """Only trades since the one and before the other."""
    keep_outliers: bool = False
    """Whether fat fingers stay in what is cleaned."""
    memory: str = "1GB"
    """That DuckDB may take before it goes to disk."""
