"""The questions that the service answers; each is a method of both clients.

``start`` is inclusive and ``end`` exclusive. Lists are the newest ``limit`` rows, ascending; a
page's ``next`` leads on to those before.
"""

from collections.abc import Iterable
from typing import Literal
from urllib.parse import quote

from ..records import Book, Interval
from .answers import (
    Aggregations,
    Alerts,
    Anomalies,
    Candles,
    Correlations,
    DeadLetters,
    FilledCandles,
    Flows,
    Health,
    Hooks,
    IndicatorsPage,
    Job,
    Jobs,
    LateTrades,
    Ledger,
    Outages,
    Quality,
    Symbols,
    Trends,
)
from .question import Question, ask
from .times import When

Kind = Literal["price", "quantity", "return", "volume", "model"]
Severity = Literal["minor", "major", "critical"]


def health() -> Question[Health]:
    """How the service stands, ready or not."""
    return ask("health", Health)


def symbols(contains: str = "", limit: int = 20_000) -> Question[Symbols]:
    """Every symbol with its newest price; of those that contain a text, in any case."""
    return ask("api/symbols", Symbols, contains=contains, limit=limit)


def candles(
    symbol: str,
    interval: Interval = "1m",
    *,
    start: When | None = None,
    end: When | None = None,
    limit: int = 500,
    final: bool | None = None,
) -> Question[Candles]:
    """Candles of a symbol; only final ones, or only forming ones, if ``final`` says so."""
    return ask(
        _of("candles", symbol), Candles, interval=interval, limit=limit, final=final,
        from_=start, to=end,
    )  # fmt: skip


def filled_candles(
    symbol: str,
    interval: Interval = "1m",
    *,
    fill: Literal["null", "previous"] = "previous",
    start: When | None = None,
    end: When | None = None,
    limit: int = 500,
    final: bool | None = None,
) -> Question[FilledCandles]:
    """Candles of a symbol, and something where nothing was traded.

    ``fill`` is what: no prices, or the close before.
    """
    return ask(
        _of("candles", symbol), FilledCandles, interval=interval, limit=limit, fill=fill,
        final=final, from_=start, to=end,
    )  # fmt: skip


def aggregations(symbol: str) -> Question[Aggregations]:
    """The newest candle of every interval there is of a symbol, forming ones included."""
    return ask(_of("aggregations", symbol), Aggregations)


def order_flow(
    symbol: str,
    interval: Interval = "1m",
    *,
    start: When | None = None,
    end: When | None = None,
    limit: int = 500,
    final: bool | None = None,
) -> Question[Flows]:
    """Order flow of a symbol."""
    return ask(
        _of("order-flow", symbol), Flows, interval=interval, limit=limit, final=final,
        from_=start, to=end,
    )  # fmt: skip


def book(symbol: str) -> Question[Book]:
    """The best five prices of each side."""
    return ask(_of("book", symbol), Book)


def indicators(
    symbol: str,
    interval: Interval = "1m",
    *,
    names: Iterable[str] = (),
    start: When | None = None,
    end: When | None = None,
    limit: int = 500,
) -> Question[IndicatorsPage]:
    """Indicators of closed candles: all, or those whose names are these, or begin like these."""
    return ask(
        _of("indicators", symbol), IndicatorsPage, interval=interval, limit=limit,
        names=",".join(names), from_=start, to=end,
    )  # fmt: skip


def trends(
    symbol: str, *, start: When | None = None, end: When | None = None, limit: int = 500
) -> Question[Trends]:
    """What each minute of a symbol came to."""
    return ask(_of("trends", symbol), Trends, limit=limit, from_=start, to=end)


def anomalies(
    symbol: str,
    *,
    kind: Kind | None = None,
    severity: Severity | None = None,
    start: When | None = None,
    end: When | None = None,
    limit: int = 500,
) -> Question[Anomalies]:
    """Trades and candles of a symbol far from those before."""
    return ask(
        _of("anomalies", symbol), Anomalies, kind=kind, severity=severity, limit=limit,
        from_=start, to=end,
    )  # fmt: skip


def quality(
    symbol: str,
    *,
    kind: Literal["gap", "fat_finger"] | None = None,
    start: When | None = None,
    end: When | None = None,
    limit: int = 500,
) -> Question[Quality]:
    """What was counted of a symbol, and its gaps and prices far off."""
    return ask(
        _of("quality", symbol), Quality, kind=kind, limit=limit,
        from_=start, to=end,
    )  # fmt: skip


def outages(
    *,
    topic: str | None = None,
    start: When | None = None,
    end: When | None = None,
    limit: int = 500,
) -> Question[Outages]:
    """When nothing of any symbol came over a partition."""
    return ask("api/outages", Outages, topic=topic, limit=limit, from_=start, to=end)


def late(
    symbol: str, *, start: When | None = None, end: When | None = None, limit: int = 500
) -> Question[LateTrades]:
    """Trades of a symbol too late to correct their candles."""
    return ask(_of("late", symbol), LateTrades, limit=limit, from_=start, to=end)


def correlations(
    symbols: Iterable[str] = (), *, least: float = 0, limit: int = 500
) -> Question[Correlations]:
    """How the returns of symbols go together, the strongest pairs first.

    Of some symbols the pairs among them, of one all its pairs. ``least`` is 0 to 1.
    """
    return ask(
        "api/correlations", Correlations, symbols=",".join(symbols), least=least, limit=limit
    )


def alerts(
    *,
    symbol: str | None = None,
    rule: str | None = None,
    kind: str | None = None,
    start: When | None = None,
    end: When | None = None,
    limit: int = 500,
) -> Question[Alerts]:
    """Alerts of all symbols, or one."""
    return ask(
        "api/alerts", Alerts, symbol=symbol, rule=rule, kind=kind, limit=limit,
        from_=start, to=end,
    )  # fmt: skip


def dead_letters(
    *, reason: str | None = None, topic: str | None = None, limit: int = 100
) -> Question[DeadLetters]:
    """Records that the pipeline rejected, newest first."""
    return ask("api/dead-letters", DeadLetters, reason=reason, topic=topic, limit=limit)


def ledger(limit: int = 100) -> Question[Ledger]:
    """Where every record went; duplicates of the ``limit`` symbols that have most."""
    return ask("api/ledger", Ledger, limit=limit)


def jobs(limit: int = 100) -> Question[Jobs]:
    """Uploads, newest first."""
    return ask("api/jobs", Jobs, limit=limit)


def job(id: str) -> Question[Job]:
    """How an upload stands."""
    return ask(f"api/jobs/{quote(id, safe='')}", Job)


def hooks(
    *,
    event: str | None = None,
    repository: str | None = None,
    start: When | None = None,
    end: When | None = None,
    limit: int = 500,
) -> Question[Hooks]:
    """Hooks that were taken."""
    return ask(
        "api/events", Hooks, event=event, repository=repository, limit=limit,
        from_=start, to=end,
    )  # fmt: skip


def _of(name: str, symbol: str) -> str:
    # A symbol may hold anything: a slash, or nothing but dots, which would lead out of the folder.
    return f"api/{name}/{quote(symbol, safe='').replace('.', '%2E')}"
