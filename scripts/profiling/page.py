"""The page: ``report.html``, one file that asks for no other."""

from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from scripts.profiling import pictures
from scripts.profiling.drawn import Drawn
from scripts.profiling.pictures import Picture, length
from scripts.profiling.report import Report

SHOWN = 500
"""So many symbols are in the table, those with most trades; all are in ``report.json``."""
_NONE = "-"


def render(report: Report, drawn: Drawn) -> str:
    """The page of a report."""
    environment = Environment(
        loader=PackageLoader("scripts.profiling", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": _count,
        "share": lambda value: f"{value:.2%}",
        "number": lambda value: _NONE if value is None else f"{value:,.10g}",
        "length": length,
        "length_of": len,
        "time": _time,
        "svg": _svg,
    }
    most = sorted(report.symbols, key=lambda each: (-each.trades, each.symbol))[:SHOWN]
    return environment.get_template("report.html").render(
        report=report,
        symbols=most,
        trades=pictures.trades(drawn) if drawn.trades.size else None,
        prices=[(own.symbol, pictures.prices(own)) for own in drawn.prices],
        gaps=pictures.gaps(drawn) if drawn.gaps.size else None,
    )


def _count(value: int | None) -> str:
    return _NONE if value is None else f"{value:,}"


def _time(ms: int | None) -> str:
    if ms is None:
        return _NONE
    time = datetime.fromtimestamp(ms // 1_000, UTC)
    return f"{time:%Y-%m-%d %H:%M:%S}.{ms % 1_000:03}"


def _svg(picture: Picture) -> Markup:
    return Markup('<div class="wide">{}</div><div class="narrow">{}</div>').format(
        *map(Markup, picture)
    )
