// What stands out in a symbol's trades: anomalies, gaps and prices far off, newest first.

import * as format from "./format.js";
import { onceAFrame } from "./frame.js";

const MOST = 500; // kept
const LISTED = 100;
const TONES = { minor: "--minor", major: "--major", critical: "--critical" };

function seconds(milliseconds) {
  return `${(milliseconds / 1000).toLocaleString("en-US", { maximumFractionDigits: 1 })} s`;
}

function number(value) {
  return value.toLocaleString("en-US", { maximumSignificantDigits: 6 });
}

function percent(value) {
  return `${(100 * value).toLocaleString("en-US", { maximumFractionDigits: 2 })}%`;
}

function anomaly({ kind, interval, value, mean, z, threshold, count }) {
  if (kind === "model") {
    return `the ${interval} candle is rare: score ${number(value)}, from ${number(threshold)} on, after ${format.count(count)} others`;
  }
  const read = kind === "return" ? percent : number;
  const centre = interval ? "median" : "mean";
  const what = interval ? `${kind} of the ${interval} candle` : kind;
  const others = `${format.count(count)} ${interval ? "candles" : "trades"}`;
  const far = Math.abs(z).toLocaleString("en-US", { maximumFractionDigits: 1 });
  return `${what} ${read(value)} is ${far} deviations from the ${centre} ${read(mean)} of the last ${others}`;
}

function gap({ length, partition_silent: silent }) {
  const quiet = `no trade for ${seconds(length)}`;
  if (silent === undefined) return quiet;
  if (silent === 0) return `${quiet}; the rest of the partition went on`;
  return `${quiet}; the whole partition was silent for ${seconds(silent)}`;
}

function fatFinger({ price, away, mean, trades }) {
  const side = away < 0 ? "below" : "above";
  return `price ${number(price)} is ${percent(Math.abs(away))} ${side} the mean ${number(mean)} of the last ${format.count(trades)} trades`;
}

/** Why a finding is one, in words. */
export function explain(finding) {
  if (finding.kind === "gap") return gap(finding);
  return finding.kind === "fat_finger" ? fatFinger(finding) : anomaly(finding);
}

function severity(finding) {
  if (finding.kind === "gap") return "gap";
  return finding.kind === "fat_finger" ? "critical" : finding.severity;
}

function keyOf({ kind, interval, timestamp, topic, partition, offset, value, price }) {
  return [kind, interval, timestamp, topic, partition, offset, value, price].join();
}

/**
 * A list of findings; `changed()` is called when there are others, `choose(finding)` when one is
 * chosen, and `ask(kind)` when history of "anomalies" or "quality" is wanted.
 */
export function createFindings(list, empty, { changed, choose, ask }) {
  let findings = new Map();
  let asked = new Set();
  let whole = false;

  function newest() {
    return [...findings.values()].sort((one, other) => other.timestamp - one.timestamp);
  }

  function item(finding) {
    const row = document.createElement("li");
    const button = document.createElement("button");
    const time = document.createElement("time");
    const badge = document.createElement("b");
    time.textContent = format.moment(finding.timestamp).slice(11);
    time.dateTime = new Date(finding.timestamp).toISOString();
    badge.textContent = badge.dataset.severity = severity(finding);
    button.type = "button";
    button.append(time, badge, explain(finding));
    button.addEventListener("click", () => choose(finding));
    row.append(button);
    row.dataset.key = keyOf(finding);
    return row;
  }

  const draw = onceAFrame(() => {
    const wanted = newest().slice(0, LISTED);
    const rows = new Map([...list.children].map((row) => [row.dataset.key, row]));
    let before = null;
    for (const finding of wanted) {
      const key = keyOf(finding);
      let row = rows.get(key);
      rows.delete(key);
      if (row && !row.textContent.endsWith(explain(finding))) {
        row.querySelector("button").lastChild.textContent = explain(finding);
      }
      row ??= item(finding);
      // Moving an element that stands where it should would take its focus away.
      const place = before ? before.nextElementSibling : list.firstElementChild;
      if (place !== row) list.insertBefore(row, place);
      before = row;
    }
    for (const row of rows.values()) row.remove();
    empty.textContent = wanted.length || !whole ? "" : "Nothing stands out";
    changed(newest());
  });

  function add(rows) {
    for (const row of rows) {
      if (row.kind === "totals" || row.kind === "outage") continue;
      const key = keyOf(row);
      // What comes live says nothing of the partition.
      findings.set(key, { ...findings.get(key), ...row });
    }
    if (findings.size > MOST) {
      findings = new Map(newest().slice(0, MOST / 2).map((each) => [keyOf(each), each]));
    }
    draw();
  }

  return {
    clear() {
      findings = new Map();
      asked = new Set();
      whole = false;
      draw();
    },

    /** A panel of the channel "anomalies" or "quality". */
    of(kind) {
      return {
        clear: () => {},
        take: (rows) => {
          // Only history says how long the whole partition was silent.
          if (!asked.has(kind) || rows.some((row) => row.kind === "gap")) ask(kind);
          asked.add(kind);
          add(rows);
        },
      };
    },

    settled() {
      whole = true;
      draw();
    },

    /** Take history. */
    load: add,
  };
}

/** The tone of a finding's marker. */
export function toneOf(finding) {
  return finding.kind === "gap" ? "--gap" : (TONES[severity(finding)] ?? "--minor");
}
