// Findings on the chart: a circle above the candle for what stands out, a square below for a gap.

import { explain, toneOf } from "./findings.js";

const LENGTHS = { s: 1000, m: 60000, h: 3600000, d: 86400000 };
const EXPLAINED = 3; // of one candle

function length(interval) {
  return Number.parseInt(interval) * LENGTHS[interval.at(-1)];
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Marks in the chart, and why they are there in `note` while the pointer is on their candle. */
export function createMarkers({ library, chart, prices, has }, note) {
  const marks = library.createSeriesMarkers(prices, []);
  let findings = []; // newest first
  let ofCandle = new Map(); // by its start
  let size = length("1m");
  let pointed = null;
  let early = false; // there are findings of candles that are not shown

  function show() {
    ofCandle = Map.groupBy(findings, ({ timestamp }) => timestamp - (timestamp % size));
    const markers = [];
    early = false;
    for (const [start, own] of [...ofCandle].sort(([one], [other]) => one - other)) {
      if (!has(start)) {
        early = true;
        continue;
      }
      for (const gaps of [true, false]) {
        const alike = own.filter(({ kind }) => (kind === "gap") === gaps);
        if (!alike.length) continue;
        const worst = alike.reduce((one, other) => (rank(other) > rank(one) ? other : one));
        markers.push({
          time: start / 1000,
          position: gaps ? "belowBar" : "aboveBar",
          shape: gaps ? "square" : "circle",
          color: colour(toneOf(worst)),
          text: alike.length > 1 ? String(alike.length) : "",
        });
      }
    }
    marks.setMarkers(markers);
    tell();
  }

  function rank({ severity }) {
    return ["minor", "major", "critical"].indexOf(severity);
  }

  function tell() {
    const own = ofCandle.get(pointed) ?? [];
    const lines = own.slice(0, EXPLAINED).map((finding) => {
      const line = document.createElement("p");
      line.textContent = explain(finding);
      return line;
    });
    if (own.length > EXPLAINED) {
      const more = document.createElement("p");
      more.textContent = `and ${own.length - EXPLAINED} more`;
      lines.push(more);
    }
    note.replaceChildren(...lines);
    note.hidden = !lines.length;
  }

  function inspect(start) {
    pointed = start;
    tell();
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);

  return {
    /** Candles of this interval are shown. */
    clear(_, interval) {
      size = length(interval);
      show();
    },

    /** Mark these, newest first, and no others. */
    mark(found) {
      findings = found;
      show();
    },

    /** Candles were added, or all of them are other ones. */
    refresh(all) {
      if (all || early) show();
    },

    /** The pointer is on the candle of this start, or on none. */
    inspect,

    /** Bring the candle of a finding to the middle, and say why it is one. */
    reveal({ timestamp }) {
      const start = timestamp - (timestamp % size);
      const scale = chart.timeScale();
      const place = scale.timeToIndex(start / 1000, true);
      const range = scale.getVisibleLogicalRange();
      if (place === null || range === null) return;
      const half = (range.to - range.from) / 2;
      scale.setVisibleLogicalRange({ from: place - half, to: place + half });
      inspect(start);
    },
  };
}
