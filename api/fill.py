"""Candles without holes: those of intervals in which nothing was traded are made up, and say so."""

from collections.abc import Iterable
from typing import Literal, get_args

from api.records import Candle, Cause, FilledCandle, Interval
from api.silence import Silence
from api.store import Store
from api.window_pages import WindowWalk

Fill = Literal["none", "null", "previous"]

LENGTHS_MS: dict[Interval, int] = dict(
    zip(
        get_args(Interval),
        (1_000, 10_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000),
        strict=True,
    )
)


def page(
    walk: WindowWalk,
    store: Store[Candle],
    interval: Interval,
    *,
    final: bool | None,
    fill: Fill,
    silence: Silence,
) -> tuple[list[FilledCandle], str | None]:
    """One candle of every interval of the page, and the cursor of the next page.

    Nothing is made up before the oldest candle that is kept, nor after the newest. The limit is
    that of intervals, and ``final`` leaves out of them what is not so.

    Raises:
        UnknownSymbolError: Nothing is kept of the symbol.
    """
    newest = store.newest(walk.symbol).get(interval)
    if newest is None:
        return [], None
    step = LENGTHS_MS[interval]
    until = newest.end if walk.until is None else min(walk.until, newest.end)
    # One more than the limit: the oldest is where a page begins, or was before it.
    rows = store.rows(walk.symbol, interval, until=until, limit=walk.limit + 1)
    if not rows:
        return [], None
    since = rows[0].start if walk.since is None else max(walk.since, rows[0].start)
    starts, onward = walk.cut(range(-(-since // step) * step, until, step), lambda start: start)
    closed = store.rows(walk.symbol, interval, final=True, limit=1)
    filled = _filled(rows, starts, step, closed[0].start if closed else starts.start, fill, silence)
    return [each for each in filled if final in (None, each.final)], onward


def _filled(
    rows: list[Candle], starts: range, step: int, closed: int, fill: Fill, silence: Silence
) -> Iterable[FilledCandle]:
    by_start = {row.start: row for row in rows}
    before = [row for row in rows if row.start < starts.start]
    close = before[-1].close if before else None
    for start in starts:
        row = by_start.get(start)
        if row is not None:
            close = row.close
            yield FilledCandle(
                *(row.symbol, row.interval, start, row.end, row.open, row.high, row.low, close),
                *(row.volume, row.notional, row.vwap, row.trades, row.buy_volume),
                *(row.final, row.revision, row.updated_at, False, None),
            )
        else:
            price = close if fill == "previous" else None
            cause: Cause = "outage" if silence.overlaps(start, start + step) else "quiet"
            yield FilledCandle(
                symbol=rows[0].symbol,
                interval=rows[0].interval,
                start=start,
                end=start + step,
                open=price,
                high=price,
                low=price,
                close=price,
                volume=0.0,
                notional=0.0,
                vwap=None,
                trades=0,
                buy_volume=0.0,
                final=start < closed,
                revision=0,
                updated_at=None,
                filled=True,
                cause=cause,
            )
