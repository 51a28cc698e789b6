// How the returns of the first symbols go together, as a map of colours.

import * as api from "./api.js";

const MOST = 20; // symbols
const MINUTE_MS = 60000;
const MOST_PAIRS = 5000;

/**
 * The pairs among these rows of /api/symbols, of so many symbols in all.
 *
 * It is an error to ask for a symbol without returns; so all pairs are asked for where these are
 * few, and else those of symbols that must have some.
 */
async function pairsOf(rows, total) {
  const all = { limit: MOST_PAIRS };
  const { timestamp, window } = await api.correlations({ least: 1, limit: 1 });
  if (timestamp === null) return [];
  if ((total * (total - 1)) / 2 <= MOST_PAIRS) return (await api.correlations(all)).pairs;
  const begin = timestamp - (window - 1) * MINUTE_MS;
  const end = timestamp - MINUTE_MS;
  const likely = rows.filter(({ time, since }) => time >= begin && since < end);
  const symbols = likely.slice(0, MOST).map(({ symbol }) => symbol);
  if (symbols.length < 2) return [];
  const among = { symbols: symbols.join(), limit: MOST_PAIRS };
  return (await api.correlations(among).catch(() => api.correlations(all))).pairs;
}

/** The first symbols of rows that are in any pair among them, and these pairs. */
function firstOf(rows, pairs) {
  const paired = new Set(pairs.flatMap(({ symbol, other }) => [symbol, other]));
  const names = rows.map(({ symbol }) => symbol).filter((symbol) => paired.has(symbol));
  const first = new Set(names.slice(0, MOST));
  const among = pairs.filter(({ symbol, other }) => first.has(symbol) && first.has(other));
  return { symbols: among.length ? [...first] : [], among };
}

function describe({ symbol, other, correlation, returns }) {
  const value = correlation === null ? "no correlation" : correlation.toFixed(2);
  return `${symbol} and ${other}: ${value}, n = ${returns}`;
}

function colour(cell, { correlation }) {
  cell.className = correlation === null ? "none" : correlation < 0 ? "against" : "along";
  cell.style.setProperty("--strength", `${Math.round(100 * Math.abs(correlation ?? 0))}%`);
}

/** A map in the elements of `panel`; returns a function that shows the pairs among rows. */
export function createCorrelations(panel) {
  const table = panel.querySelector("table");
  const body = panel.querySelector(".body");
  const empty = panel.querySelector(".empty");
  const note = panel.querySelector(".note");
  let names = [];
  let cells = []; // [row][column]; null on the diagonal

  function tell(cell) {
    note.textContent = cell.getAttribute("aria-label");
  }

  function heading(name, scope) {
    const own = document.createElement("th");
    const text = document.createElement("span");
    own.scope = scope;
    text.textContent = own.title = name;
    own.append(text);
    return own;
  }

  function build() {
    const head = document.createElement("tr");
    head.append(document.createElement("td"), ...names.map((name) => heading(name, "col")));
    const rows = names.map((name) => {
      const row = document.createElement("tr");
      row.append(heading(name, "row"), ...names.map(() => document.createElement("td")));
      return row;
    });
    cells = rows.map((row, y) => [...row.querySelectorAll("td")].map((cell, x) => (x === y ? null : cell)));
    cells.forEach((row, y) => row.forEach((cell, x) => cell && prepare(cell, y, x)));
    table.replaceChildren(head, ...rows);
    note.textContent = "";
  }

  function prepare(cell, y, x) {
    cell.tabIndex = y === 0 && x === 1 ? 0 : -1; // the arrow keys reach the others
    // Not when the page scrolls under a pointer that rests: the keyboard may be in use.
    cell.addEventListener("pointermove", () => tell(cell));
    cell.addEventListener("focus", () => tell(cell));
    cell.addEventListener("keydown", (event) => move(event, y, x));
  }

  function move(event, y, x) {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    let [row, column] = [y + step[0], x + step[1]];
    if (row === column) [row, column] = [row + step[0], column + step[1]];
    const next = cells[row]?.[column];
    if (!next) return;
    cells[y][x].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  return async (listed, total) => {
    const { symbols, among } = firstOf(listed, await pairsOf(listed, total));
    body.hidden = !symbols.length;
    empty.textContent = symbols.length ? "" : "No correlations yet";
    if (symbols.join() !== names.join()) {
      names = symbols;
      build();
    }
    for (const pair of among) {
      const [y, x] = [names.indexOf(pair.symbol), names.indexOf(pair.other)];
      for (const cell of [cells[y][x], cells[x][y]]) {
        colour(cell, pair);
        cell.setAttribute("aria-label", describe(pair));
        if (cell === document.activeElement) tell(cell);
      }
    }
  };
}
