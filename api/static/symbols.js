// The list of symbols.

import * as format from "./format.js";
import { createSpark, drawSpark } from "./sparks.js";

const template = document.createElement("template");
template.innerHTML = `<li><button type="button"><b></b><span class="price"></span><span class="change"></span></button></li>`;

/** Put a text into an element, touching the page only if it changed. */
function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Show rows of /api/symbols in `list`, with one chosen, and the last closes of each by symbol;
 * `choose` is called with a symbol.
 */
export function createSymbolList(list, choose) {
  const rows = new Map();

  function row(symbol) {
    const item = template.content.cloneNode(true).firstElementChild;
    const [name, last, change] = item.querySelectorAll("b, span");
    const button = item.querySelector("button");
    name.textContent = name.title = symbol;
    const spark = createSpark();
    name.after(spark);
    button.addEventListener("click", () => choose(symbol));
    return { item, button, spark, last, change };
  }

  return (symbols, chosen, closes) => {
    const gone = new Set(rows.keys());
    let before = null;
    for (const each of symbols) {
      gone.delete(each.symbol);
      if (!rows.has(each.symbol)) rows.set(each.symbol, row(each.symbol));
      const { item, button, spark, last, change } = rows.get(each.symbol);
      drawSpark(spark, [...(closes.get(each.symbol) ?? []), each.last]);
      set(last, format.price(each.last));
      set(change, format.change(each.change));
      const tone = `change ${format.direction(each.change)}`;
      if (change.className !== tone) change.className = tone;
      button.setAttribute("aria-pressed", String(each.symbol === chosen));
      // Moving an element that stands where it should would take its focus away.
      const place = before ? before.nextElementSibling : list.firstElementChild;
      if (place !== item) list.insertBefore(item, place);
      before = item;
    }
    for (const symbol of gone) {
      rows.get(symbol).item.remove();
      rows.delete(symbol);
    }
  };
}
