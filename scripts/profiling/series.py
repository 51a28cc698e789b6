"""Series: all figures of a symbol, and of all symbols, put together."""

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from scripts.profiling import statistics
from scripts.profiling.findings import Findings
from scripts.profiling.intake import Intake
from scripts.profiling.report import Disorder, Gaps, Series
from scripts.profiling.terms import Terms

TOTAL = ""
"""In place of a symbol: all of them. None is named so."""


def of(
    connection: DuckDBPyConnection, intake: Intake, found: Findings, terms: Terms, is_topic: bool
) -> tuple[Series, list[Series]]:
    """The figures of all trades, and those of each symbol, by their names."""
    prices, quantities = (statistics.spreads(connection, each) for each in ("price", "quantity"))
    known = len(intake.names.symbols)
    late, behind = intake.arrivals.counts(known), intake.arrivals.displacements(known)
    crossed = intake.crossed
    symbols = []
    for row in statistics.by_symbol(connection):
        code = row.pop("code")
        symbols.append(
            Series(
                **row,
                price=prices.get(code),
                quantity=quantities.get(code),
                gaps=_gaps(terms, found.counts[code], found.longest[code], found.silent[code]),
                out_of_order=_disorder(int(late[code]), row["trades"], int(behind[code])),
                crossed_clocks=int(crossed[code]) if is_topic else None,
            )
        )
    trades = sum(each.trades for each in symbols)
    total = Series(
        TOTAL,
        trades,
        sum(each.duplicates for each in symbols),
        sum(each.fat_fingers for each in symbols),
        min((each.first for each in symbols if each.first is not None), default=None),
        max((each.last for each in symbols if each.last is not None), default=None),
        prices.get(None),
        quantities.get(None),
        _gaps(
            terms,
            found.counts.sum(axis=0),
            found.longest.max(axis=0, initial=0),
            found.silent.sum(axis=0),
        ),
        _disorder(int(late.sum()), trades, int(behind.max(initial=0))),
        int(crossed.sum()) if is_topic else None,
    )
    return total, symbols


def _gaps(
    terms: Terms,
    counts: NDArray[np.int64],
    longest: NDArray[np.int64],
    silent: NDArray[np.int64],
) -> list[Gaps]:
    columns = terms.scores.gaps_ms, counts.tolist(), longest.tolist(), silent.tolist()
    return [Gaps(*each) for each in zip(*columns, strict=True)]


def _disorder(count: int, trades: int, largest: int) -> Disorder:
    return Disorder(count, count / trades if trades else 0.0, largest)
