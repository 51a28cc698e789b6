"""The report as ``report.json`` has it; docs/profile.md says what each field means."""

import msgspec

VERSION = 1
"""Of the shape: a field that goes, or means something else, makes it another."""


class About(msgspec.Struct, frozen=True):
    """What was profiled, and by which rules."""

    input: str
    parts: int
    gaps_ms: tuple[int, ...]
    fat_finger_percent: float
    window: int
    least: int
    duplicate_ttl_ms: int
    symbols: list[str]
    from_ms: int | None
    to_ms: int | None
    keep_outliers: bool


class Counts(msgspec.Struct, frozen=True):
    """Where every row is: rows = cleaned + removed."""

    rows: int
    cleaned: int
    removed: int
    invalid: int
    duplicates: int
    fat_fingers: int
    outside: int


class Spread(msgspec.Struct, frozen=True):
    """How the values of trades are spread; a quantile is one of them."""

    min: float
    p01: float
    p05: float
    p25: float
    p50: float
    p75: float
    p95: float
    p99: float
    max: float
    mean: float


class Gaps(msgspec.Struct, frozen=True):
    """The gaps that reached a threshold, and not the next one."""

    threshold: int
    count: int
    longest: int
    silent: int


class Disorder(msgspec.Struct, frozen=True):
    """How trades came out of order within their part."""

    count: int
    share: float
    largest: int


class Series(msgspec.Struct, frozen=True):
    """What is said of the trades of a symbol, and of all."""

    symbol: str
    trades: int
    duplicates: int
    fat_fingers: int
    first: int | None
    last: int | None
    price: Spread | None
    quantity: Spread | None
    gaps: list[Gaps]
    out_of_order: Disorder
    crossed_clocks: int | None


class Gap(msgspec.Struct, frozen=True):
    """One of the longest gaps."""

    symbol: str
    start: int
    end: int
    length: int
    threshold: int


class FatFinger(msgspec.Struct, frozen=True):
    """One of the prices that are farthest off."""

    symbol: str
    timestamp: int
    price: float
    mean: float
    away: float
    trades: int
    part: str
    position: int


class Report(msgspec.Struct, frozen=True):
    """All of it."""

    version: int
    about: About
    counts: Counts
    invalid: dict[str, int]
    total: Series
    symbols: list[Series]
    longest_gaps: list[Gap]
    fat_fingers: list[FatFinger]
