"""Pictures: SVG of matplotlib's, in the colors of the page that they stand in.

Each is made wide, and narrow for phones, as letters would shrink with the picture.
"""

import io
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from scripts.profiling.drawn import Drawn, Prices

WIDE, HALF, NARROW = (10.4, 2.7), (5.6, 2.3), (3.6, 2.5)
"""Inches; 72 points each."""
_INK, _QUIET, _LINE, _MARK = "#010101", "#020202", "#030303", "#040404"
COLORS = {_INK: "var(--ink)", _QUIET: "var(--quiet)", _LINE: "var(--line)", _MARK: "var(--mark)"}
"""Colors of the figure, and those of the page in their place."""
_STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelcolor": _INK,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": _QUIET,
    "grid.alpha": 0.3,
    "xtick.color": _QUIET,
    "ytick.color": _QUIET,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
}
_TICKS = [
    *(n * unit for unit in (1, 10, 100, 1_000, 10_000) for n in (1, 2, 5)),
    *(n * 60_000 for n in (2, 5, 15, 60, 240, 1_440, 10_080, 43_200, 525_600)),
]
"""Of lengths, ms."""
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms"))


Size = tuple[float, float]


class Picture(NamedTuple):
    """One picture, as SVG."""

    wide: str
    narrow: str


def trades(drawn: Drawn) -> Picture:
    """Trades over time."""

    def draw(axes: Axes) -> None:
        times = _dates(drawn.times)
        axes.fill_between(times, drawn.trades, step="post", color=_LINE, alpha=0.25, linewidth=0)
        axes.step(times, drawn.trades, where="post", color=_LINE, linewidth=1.2)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        _date_axis(axes)

    return _picture("trades", WIDE, draw)


def prices(own: Prices) -> Picture:
    """The price of a symbol; prices far beyond the others are marked at the edge."""

    def draw(axes: Axes) -> None:
        times = _dates(own.times)
        axes.fill_between(times, own.low, own.high, color=_LINE, alpha=0.25, linewidth=0)
        axes.plot(times, own.mean, color=_LINE, linewidth=1.2)
        if own.low.size:
            # A few odd prices that nothing is said of must not flatten all others.
            low, high = float(np.quantile(own.low, 0.01)), float(np.quantile(own.high, 0.99))
            room = max(high - low, high * 1e-6)
            axes.set_ylim(low - 0.4 * room, high + 0.4 * room)
            bottom, top = low - 0.33 * room, high + 0.33 * room
            marked = _dates(own.outlier_times)
            for marker, at in (
                ("v", own.outliers < bottom),
                ("^", own.outliers > top),
                ("o", (own.outliers >= bottom) & (own.outliers <= top)),
            ):
                shown = np.clip(own.outliers[at], bottom, top)
                axes.plot(marked[at], shown, marker, color=_MARK, markersize=5, clip_on=False)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        _date_axis(axes)

    return _picture(f"price {own.symbol}", HALF, draw)


def gaps(drawn: Drawn) -> Picture:
    """How many gaps there are of each length."""

    def draw(axes: Axes) -> None:
        left, right = drawn.gap_edges[:-1], drawn.gap_edges[1:]
        axes.bar(left, drawn.gaps, right - left, align="edge", color=_LINE, linewidth=0, alpha=0.7)
        axes.set_xscale("log")
        axes.set_yscale("symlog", linthresh=10)
        axes.set_ylim(bottom=0)
        axes.set_xticks([ms for ms in _TICKS if left[0] <= ms <= right[-1]])
        axes.minorticks_off()
        for axis, words in ((axes.xaxis, length), (axes.yaxis, lambda value: f"{value:,.0f}")):
            axis.set_major_formatter(FuncFormatter(lambda value, _, words=words: words(value)))

    return _picture("gaps", WIDE, draw)


def length(ms: float) -> str:
    """A length of time in its largest unit: ``1.5 s``."""
    for unit, name in _UNITS:
        if ms >= unit or unit == 1:
            return f"{ms / unit:.3g} {name}"
    raise AssertionError(ms)


def _picture(name: str, wide: Size, draw: Callable[[Axes], None]) -> Picture:
    return Picture(*(_svg(f"{name} {size}", size, draw) for size in (wide, NARROW)))


def _svg(name: str, size: Size, draw: Callable[[Axes], None]) -> str:
    # Ids in the file are hashes with this salt: those of two pictures on a page must differ.
    with mpl.rc_context(_STYLE), mpl.rc_context({"svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.add_subplot())
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    for color, variable in COLORS.items():
        svg = svg.replace(color, variable)
    return re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)


def _dates(times: Any) -> Any:
    return times.astype("datetime64[ms]")


def _date_axis(axes: Axes) -> None:
    width = axes.get_figure(root=True).get_figwidth()  # type: ignore[union-attr]
    most = max(int(width), 4)
    locator = AutoDateLocator(minticks=2, maxticks=most)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.margins(x=0.01)
