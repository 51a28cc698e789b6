// The values of one candle, as a line of text.

import * as format from "./format.js";

function kind({ revision, final }) {
  if (revision) return `corrected (${revision})`;
  return final ? "final" : "forming";
}

/** Show a candle in `element`, or nothing. */
export function showLegend(element, candle) {
  element.replaceChildren();
  if (!candle) return;
  const digits = format.decimals([candle.open, candle.high, candle.low, candle.close]);
  const values = [
    ["", format.moment(candle.start)],
    ["O", format.price(candle.open, digits)],
    ["H", format.price(candle.high, digits)],
    ["L", format.price(candle.low, digits)],
    ["C", format.price(candle.close, digits)],
    ["VWAP", format.price(candle.vwap, digits)],
    ["Vol", format.quantity(candle.volume)],
    ["Trades", format.count(candle.trades)],
    ["", kind(candle)],
  ];
  for (const [name, value] of values) {
    const item = document.createElement("span");
    const strong = document.createElement("b");
    strong.textContent = value;
    item.append(...(name ? [`${name} `, strong] : [strong]));
    element.append(item);
  }
}
