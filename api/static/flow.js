// The order flow of the last hour, minute by minute.

import * as format from "./format.js";
import { onceAFrame } from "./frame.js";
import { supersedes } from "./revisions.js";

const MINUTE_MS = 60000;
const MINUTES = 60;
const HEIGHT = 50; // of each side, in units of the picture
const SVG = "http://www.w3.org/2000/svg";

function bar(x, y, height, side) {
  const own = document.createElementNS(SVG, "rect");
  own.setAttribute("x", x + 0.12);
  own.setAttribute("y", y);
  own.setAttribute("width", 0.76);
  own.setAttribute("height", height);
  own.setAttribute("class", side);
  return own;
}

function sum(rows, name) {
  return rows.reduce((all, row) => all + row[name], 0);
}

function share(part, whole) {
  return whole ? part / whole : null;
}

/** What the rows of some minutes come to. */
function total(rows) {
  const bought = sum(rows, "buy_quantity");
  const sold = sum(rows, "sell_quantity");
  const orders = sum(rows, "buy_orders") + sum(rows, "sell_orders");
  const cancels = sum(rows, "buy_cancels") + sum(rows, "sell_cancels");
  const filled = sum(rows, "buy_filled") + sum(rows, "sell_filled");
  return {
    buy: bought,
    sell: sold,
    imbalance: share(bought - sold, bought + sold),
    cancels: share(cancels, orders),
    filled: share(filled, bought + sold),
  };
}

/** Quantities ordered in each minute, bought above and sold below, in the elements of `panel`. */
export function createFlow(panel) {
  const picture = panel.querySelector("svg");
  const body = panel.querySelector(".body");
  const empty = panel.querySelector(".empty");
  let rows = new Map(); // by start
  let whole = false;

  const draw = onceAFrame(() => {
    const newest = Math.max(...rows.keys());
    const hour = newest - (MINUTES - 1) * MINUTE_MS;
    rows = new Map([...rows].filter(([start]) => start >= hour));
    body.hidden = !rows.size;
    empty.textContent = rows.size || !whole ? "" : "No orders come";
    if (!rows.size) return;
    const own = [...rows.values()];
    const most = Math.max(...own.flatMap((row) => [row.buy_quantity, row.sell_quantity])) || 1;
    const bars = own.flatMap((row) => {
      const x = (row.start - hour) / MINUTE_MS;
      const [up, down] = [row.buy_quantity, row.sell_quantity].map((each) => (HEIGHT * each) / most);
      return [bar(x, HEIGHT - up, up, "buy"), bar(x, HEIGHT, down, "sell")];
    });
    picture.replaceChildren(...bars);
    tell(total(own), rows.get(newest));
  });

  function tell(hour, minute) {
    const { buy_quantity: bought, sell_quantity: sold } = minute;
    picture.setAttribute(
      "aria-label",
      `Order flow of ${rows.size} minutes: bought ${format.quantity(hour.buy)}, sold ${format.quantity(hour.sell)}`,
    );
    const values = {
      buy: format.quantity(hour.buy),
      sell: format.quantity(hour.sell),
      imbalance: format.ratio(hour.imbalance),
      cancels: format.ratio(hour.cancels),
      filled: format.ratio(hour.filled),
      minute: `${format.quantity(bought)} / ${format.quantity(sold)}`,
    };
    for (const [name, value] of Object.entries(values)) {
      panel.querySelector(`[data-value="${name}"]`).textContent = value;
    }
  }

  return {
    clear() {
      rows = new Map();
      whole = false;
      draw();
    },

    take(own) {
      for (const row of own) if (supersedes(row, rows.get(row.start))) rows.set(row.start, row);
      draw();
    },

    settled() {
      whole = true;
      draw();
    },
  };
}
