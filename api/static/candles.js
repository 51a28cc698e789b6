// The candles of one symbol and interval: history by REST, and what comes live.

import { onceAFrame } from "./frame.js";
import { supersedes } from "./revisions.js";

const MOST = 5000; // kept; beyond it the older half is let go

/**
 * Keep candles, whichever way and in whatever order they come, and show them in `chart`.
 *
 * `changed(newest, all)` is called after each change that is shown; `all` if all were shown anew.
 */
export function createCandles(chart, changed) {
  let candles = new Map(); // by start
  let fresh = new Map(); // by start, not shown yet
  let whole = false; // history is there
  let seconds = false;

  function keep(row) {
    if (!supersedes(row, candles.get(row.start))) return;
    candles.set(row.start, row);
    fresh.set(row.start, row);
  }

  function ascending() {
    return [...candles.values()].sort((one, other) => one.start - other.start);
  }

  function show(rewind) {
    let rows = ascending();
    if (rows.length > MOST) rows = rows.slice(-MOST / 2);
    candles = new Map(rows.map((row) => [row.start, row]));
    fresh.clear();
    chart.show(rows, seconds, rewind);
    changed(chart.newest, true);
  }

  const draw = onceAFrame(() => {
    if (!whole || !fresh.size) return;
    const rows = [...fresh.values()].sort((one, other) => one.start - other.start);
    if (candles.size > MOST || !chart.canUpdate(rows)) return show(false);
    fresh.clear();
    chart.update(rows);
    changed(chart.newest, false);
  });

  return {
    /** Forget all; candles of another interval come. */
    clear(_, interval) {
      candles = new Map();
      fresh = new Map();
      whole = false;
      seconds = interval.endsWith("s");
    },

    /** Take candles that came live. */
    take(rows) {
      rows.forEach(keep);
      draw();
    },

    /** Take the history; the first time the chart goes to its end. */
    load(rows) {
      const rewind = !whole;
      rows.forEach(keep);
      whole = true;
      if (rewind) show(true);
      else draw();
    },
  };
}
