"""The summary: what is said at the terminal, while the rest stands in the report."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts.profiling.pictures import length
from scripts.profiling.report import Report


def show(report: Report, out: Path, seconds: float) -> None:
    """Prints the counts, and where the report is."""
    counts, total = report.counts, report.total
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    for count, words in (
        (counts.rows, f"rows = {counts.cleaned:,} cleaned + {counts.removed:,} removed"),
        (counts.invalid, _reasons(report)),
        (counts.duplicates, "duplicates"),
        (counts.fat_fingers, "fat fingers" + (", kept" if report.about.keep_outliers else "")),
        (total.out_of_order.count, _disorder(report)),
        *((gap.count, _gap(gap.threshold, gap.longest)) for gap in total.gaps),
    ):
        table.add_row(f"{count:,}", words)
    if total.crossed_clocks is not None:
        table.add_row(f"{total.crossed_clocks:,}", "stamped later than their Kafka record")
    if counts.outside:
        table.add_row(f"{counts.outside:,}", "trades that were not asked for")
    Console().print(table, highlight=False)
    rate = counts.rows / max(seconds, 1e-9)
    print(f"{out / 'report.html'}: {seconds:.1f} s, {rate:,.0f} rows/s")


def _reasons(report: Report) -> str:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in report.invalid.items())
    return f"invalid: {reasons}" if reasons else "invalid"


def _disorder(report: Report) -> str:
    disorder = report.total.out_of_order
    return "out of order" + (f", by up to {length(disorder.largest)}" if disorder.count else "")


def _gap(threshold: int, longest: int) -> str:
    words = f"gaps of {length(threshold)} or more"
    return f"{words}, the longest {length(longest)}" if longest else words
