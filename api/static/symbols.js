// The list of symbols.

import * as format from "./format.js";

const template = document.createElement("template");
template.innerHTML = `<li><button type="button"><b></b><span class="price"></span><span class="change"></span></button></li>`;

/** Put a text into an element, touching the page only if it changed. */
function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show rows of /api/symbols in `list`, with one chosen; `choose` is called with a symbol. */
export function createSymbolList(list, choose) {
  const rows = new Map();

  function row(symbol) {
    const item = template.content.cloneNode(true).firstElementChild;
    const [name, last, change] = item.querySelectorAll("b, span");
    const button = item.querySelector("button");
    name.textContent = name.title = symbol;
    button.addEventListener("click", () => choose(symbol));
    return { item, button, last, change };
  }

  return (symbols, chosen) => {
    const gone = new Set(rows.keys());
    let before = null;
    for (const each of symbols) {
      gone.delete(each.symbol);
      if (!rows.has(each.symbol)) rows.set(each.symbol, row(each.symbol));
      const { item, button, last, change } = rows.get(each.symbol);
      set(last, format.price(each.last));
      set(change, format.change(each.change));
      change.className = `change ${format.direction(each.change)}`;
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
