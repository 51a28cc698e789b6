// Indicators of closed candles: over the candles, or in panes of their own.

import * as format from "./format.js";
import { onceAFrame } from "./frame.js";

const KEPT = "indicators"; // what is chosen, in the browser's storage
const MOST = 5000; // rows kept; beyond it the older half is let go
const PANE_SHARE = 1.4; // of the height, where candles have 4 and volume 1

// `line`s are found by how their names begin, because periods are settings.
export const INDICATORS = [
  { id: "vwap", label: "VWAP", lines: [{ name: "vwap_session", colour: "--vwap" }] },
  {
    id: "bollinger",
    label: "Bollinger",
    lines: [
      { name: "bollinger_upper", colour: "--band" },
      { name: "bollinger_middle", colour: "--band", dashed: true },
      { name: "bollinger_lower", colour: "--band" },
    ],
  },
  { id: "rsi", label: "RSI", pane: true, levels: [30, 70], lines: [{ name: "rsi", colour: "--rsi" }] },
  {
    id: "macd",
    label: "MACD",
    pane: true,
    lines: [
      { name: "macd_histogram", colour: "--histogram", bars: true },
      { name: "macd_signal", colour: "--signal" },
      { name: "macd", colour: "--macd" },
    ],
  },
];

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The name that begins so and goes on with numbers alone: macd is macd_12_26, not macd_signal_.. */
function nameOf(values, beginning) {
  return Object.keys(values).find(
    (name) => name.startsWith(beginning) && /^(_[\d.]+)*$/.test(name.slice(beginning.length)),
  );
}

function chosenBefore() {
  try {
    const ids = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return new Set(INDICATORS.map(({ id }) => id).filter((id) => ids.includes(id)));
  } catch {
    return new Set(); // the storage is closed to pages, or holds something else
  }
}

function keep(ids) {
  try {
    localStorage.setItem(KEPT, JSON.stringify([...ids]));
  } catch {
    // It is not kept, then.
  }
}

/**
 * Toggles in `buttons`, the newest values as a text in `legend`, and lines in the chart.
 *
 * `choose()` is called when there are other channels to follow, `ask()` when history is wanted.
 */
export function createIndicators({ library, chart, has }, buttons, legend, choose, ask) {
  const on = chosenBefore();
  let rows = new Map(); // by start
  let series = []; // { line, own }: the lines of the chart
  let known = false; // whether history is there, or there is none
  let early = false; // there are rows of candles that are not shown
  let pointed = null;

  function ascending() {
    return [...rows.values()].sort((one, other) => one.start - other.start);
  }

  function point(row, name, line) {
    const value = row.values[name] ?? null;
    const time = row.start / 1000;
    if (value === null) return { time };
    if (!line.bars) return { time, value };
    return { time, value, color: `${colour(value < 0 ? "--down" : "--up")}80` };
  }

  function add(indicator, line, pane) {
    const plain = { priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false };
    const style = line.dashed ? library.LineStyle.Dashed : library.LineStyle.Solid;
    const options = { ...plain, color: colour(line.colour), lineWidth: 1.5, lineStyle: style };
    const own = line.bars
      ? chart.addSeries(library.HistogramSeries, plain, pane)
      : chart.addSeries(library.LineSeries, options, pane);
    for (const level of line === indicator.lines[0] ? (indicator.levels ?? []) : []) {
      const look = { color: colour("--quiet"), lineWidth: 1, lineStyle: library.LineStyle.Dashed };
      own.createPriceLine({ price: level, axisLabelVisible: false, ...look });
    }
    series.push({ line, own });
  }

  function build() {
    for (const { own } of series) chart.removeSeries(own);
    series = [];
    for (const indicator of INDICATORS.filter(({ id }) => on.has(id))) {
      const pane = indicator.pane ? chart.panes().length : 0;
      for (const line of indicator.lines) add(indicator, line, pane);
      if (indicator.pane) chart.panes()[pane].setStretchFactor(PANE_SHARE);
    }
    showAll();
  }

  function showAll() {
    const all = ascending();
    const names = all.at(-1)?.values ?? {};
    const visible = all.filter(({ start }) => has(start));
    // A candle's indicators may come before the candle is shown.
    early = all.at(-1) !== visible.at(-1);
    for (const { line, own } of series) {
      const name = nameOf(names, line.name);
      own.setData(visible.map((row) => point(row, name, line)));
    }
    tell();
  }

  function tell() {
    const newest = ascending().at(-1);
    const row = rows.get(pointed) ?? newest;
    legend.replaceChildren();
    if (!on.size) return;
    if (!row) legend.textContent = known ? "No indicators yet" : "";
    for (const { line } of row ? series : []) {
      const name = nameOf(row.values, line.name);
      if (name === undefined) continue;
      const item = document.createElement("span");
      const value = document.createElement("b");
      const number = row.values[name];
      value.textContent = number === null ? "–" : format.price(number, 2);
      item.append(`${name.replaceAll("_", " ")} `, value);
      legend.append(item);
    }
  }

  const draw = onceAFrame(showAll);

  for (const { id, label } of INDICATORS) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: label });
    button.setAttribute("aria-pressed", String(on.has(id)));
    button.addEventListener("click", () => {
      if (!on.delete(id)) on.add(id);
      button.setAttribute("aria-pressed", String(on.has(id)));
      keep(on);
      build();
      choose();
    });
    buttons.append(button);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
  build();

  return {
    /** Whether any is shown. */
    get wanted() {
      return on.size > 0;
    },

    clear() {
      rows = new Map();
      known = false;
      showAll();
    },

    /** Take rows that came live; of the same candle the newer one counts. */
    take(own) {
      if (!known && !rows.size) ask();
      for (const row of own) {
        const kept = rows.get(row.start);
        if (kept && kept.updated_at > row.updated_at) continue;
        rows.set(row.start, row);
      }
      if (rows.size > MOST) rows = new Map(ascending().slice(-MOST / 2).map((row) => [row.start, row]));
      draw();
    },

    settled() {
      if (!rows.size) known = true;
      tell();
    },

    /** Take the history. */
    load(own) {
      known = true;
      this.take(own);
    },

    /** Show the values of the candle under the pointer; of the newest, if there is none. */
    inspect(start) {
      pointed = start;
      tell();
    },

    /** Candles were added, or all of them are other ones. */
    refresh(all) {
      if (all || early) draw();
    },
  };
}
