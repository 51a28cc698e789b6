// The book: the best prices of both sides, and what waits there.

import * as format from "./format.js";
import { onceAFrame } from "./frame.js";

const LEVELS = 5;

function cells(level, most, digits) {
  const price = document.createElement("td");
  const quantity = document.createElement("td");
  price.textContent = level ? format.price(level.price, digits) : "";
  quantity.textContent = level ? format.quantity(level.quantity) : "";
  quantity.className = "depth";
  quantity.style.setProperty("--share", level ? level.quantity / most : 0);
  if (level) quantity.title = `${format.count(level.orders)} ${level.orders === 1 ? "order" : "orders"}`;
  return { price, quantity };
}

/** The newest book, in the elements of `panel`. */
export function createDepth(panel) {
  const rows = panel.querySelector("tbody");
  const body = panel.querySelector(".body");
  const empty = panel.querySelector(".empty");
  let book = null;
  let whole = false;

  function show(name, value) {
    panel.querySelector(`[data-value="${name}"]`).textContent = value;
  }

  const draw = onceAFrame(() => {
    body.hidden = !book;
    empty.textContent = book || !whole ? "" : "No orders come";
    if (!book) return;
    const levels = [...book.bids, ...book.asks];
    const digits = format.decimals(levels.map((level) => level.price));
    const most = Math.max(...levels.map((level) => level.quantity)) || 1;
    const lines = Array.from({ length: LEVELS }, (_, n) => {
      const bid = cells(book.bids[n], most, digits);
      const ask = cells(book.asks[n], most, digits);
      bid.quantity.classList.add("bid");
      ask.quantity.classList.add("ask");
      const line = document.createElement("tr");
      line.append(bid.quantity, bid.price, ask.price, ask.quantity);
      return line;
    });
    rows.replaceChildren(...lines);
    show("spread", book.spread === null ? "–" : format.price(book.spread));
    show("mid", book.mid === null ? "–" : format.price(book.mid));
    show("book-imbalance", format.ratio(book.imbalance));
    show("open-orders", format.count(book.open_orders));
  });

  return {
    clear() {
      book = null;
      whole = false;
      draw();
    },

    take(own) {
      book = own.at(-1);
      draw();
    },

    settled() {
      whole = true;
      draw();
    },
  };
}
