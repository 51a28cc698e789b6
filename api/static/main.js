// The page: what is chosen, what is asked, and where the answers go.

import * as api from "./api.js";
import { createCandleChart } from "./chart.js";
import * as format from "./format.js";
import { poll } from "./poll.js";
import { createSymbolList } from "./symbols.js";

const INTERVALS = ["1s", "10s", "1m", "5m", "15m", "1h", "4h", "1d"];
const HISTORY = 1000; // candles shown
const ROWS = 200; // symbols listed; the search finds the others
const CANDLES_MS = 250;
const SYMBOLS_MS = 1000;
const HEALTH_MS = 1000;
const REFRESH_MS = 15000; // how often all candles are asked for, to see corrections of old ones

const $ = (id) => document.getElementById(id);

// What is chosen lives in the address, #symbol/interval, so that it can be kept and shared.
const [fromSymbol, fromInterval] = location.hash.slice(1).split("/").map(decodeURIComponent);
const chosen = {
  symbol: fromSymbol || null,
  interval: INTERVALS.includes(fromInterval) ? fromInterval : "1m",
};
let listed = []; // rows of /api/symbols that match the search
let quote = null; // the row of the chosen symbol, wherever it stands
let loaded = ""; // what the chart shows: symbol and interval
let refreshAt = 0;

function remember() {
  const address = `#${encodeURIComponent(chosen.symbol ?? "")}/${chosen.interval}`;
  history.replaceState(null, "", address);
}

function say(message) {
  $("message").textContent = message;
}

// ---- Candles ------------------------------------------------------------------------------

function inspect(candle) {
  $("legend").replaceChildren();
  if (!candle) return;
  const digits = format.decimals([candle.open, candle.high, candle.low, candle.close]);
  const kind = candle.revision ? `corrected (${candle.revision})` : candle.final ? "final" : "forming";
  const values = [
    ["", format.moment(candle.start)],
    ["O", format.price(candle.open, digits)],
    ["H", format.price(candle.high, digits)],
    ["L", format.price(candle.low, digits)],
    ["C", format.price(candle.close, digits)],
    ["VWAP", format.price(candle.vwap, digits)],
    ["Vol", format.quantity(candle.volume)],
    ["Trades", format.count(candle.trades)],
    ["", kind],
  ];
  for (const [name, value] of values) {
    const item = document.createElement("span");
    const strong = document.createElement("b");
    strong.textContent = value;
    item.append(...(name ? [`${name} `, strong] : [strong]));
    $("legend").append(item);
  }
}

async function followCandles(chart) {
  const { symbol, interval } = chosen;
  if (symbol === null) return;
  // A service that has just started may not have read the symbol yet: asking would be an error.
  if (quote?.symbol !== symbol) return;
  const wanted = `${symbol} ${interval}`;
  const whole = loaded !== wanted || Date.now() >= refreshAt || chart.newestStart === null;
  const range = whole ? { limit: HISTORY } : { limit: HISTORY, from: chart.newestStart };
  const { candles } = await api.candles(symbol, { interval, ...range });
  if (symbol !== chosen.symbol || interval !== chosen.interval) return;
  if (whole) {
    chart.show(candles, interval.endsWith("s"), loaded !== wanted);
    loaded = wanted;
    refreshAt = Date.now() + REFRESH_MS;
    say(candles.length ? "" : `No ${interval} candles of ${symbol} yet`);
  } else {
    chart.update(candles);
  }
  const newest = candles.at(-1);
  if (newest) {
    const text = `${symbol}, ${interval} candles, newest close ${format.price(newest.close)}`;
    $("chart").setAttribute("aria-label", text);
  }
}

// ---- Symbols ------------------------------------------------------------------------------

const showSymbols = createSymbolList($("symbols"), (symbol) => choose({ symbol }));

function find(symbols) {
  return symbols.find((each) => each.symbol === chosen.symbol) ?? null;
}

function showQuote() {
  $("symbol").textContent = chosen.symbol ?? "–";
  $("last").textContent = quote ? format.price(quote.last) : "–";
  $("change").textContent = quote ? format.change(quote.change) : "";
  $("change").className = quote ? format.direction(quote.change) : "";
  $("change").title = quote ? `since ${format.moment(quote.since)} UTC` : "";
  document.title = quote ? `${format.price(quote.last)} ${quote.symbol} · Tapeline` : "Tapeline";
}

async function followSymbols() {
  const { total, symbols } = await api.symbols($("search").value.trim(), ROWS);
  listed = symbols;
  if (chosen.symbol === null && symbols.length) choose({ symbol: symbols[0].symbol });
  quote = find(listed);
  if (chosen.symbol !== null && !quote) {
    quote = find((await api.symbols(chosen.symbol, ROWS)).symbols);
  }
  showSymbols(listed, chosen.symbol);
  showQuote();
  const shown = listed.length < total ? `${format.count(listed.length)} of ` : "";
  $("count").textContent = `${shown}${format.count(total)} ${total === 1 ? "symbol" : "symbols"}`;
}

// ---- Health -------------------------------------------------------------------------------

function showState(state, text, detail = "") {
  $("state").dataset.state = state;
  if ($("state").textContent !== text) $("state").textContent = text;
  $("state").title = detail;
}

async function followHealth() {
  const [health, letters] = await Promise.all([api.health(), api.deadLetters()]);
  if (health.ready) showState("ready", "Ready");
  else showState("degraded", "Not ready", health.reasons.join("; "));
  const lag = Object.values(health.lag).reduce((sum, messages) => sum + messages, 0);
  $("freshness").textContent = format.age(health.freshness_seconds);
  $("lag").textContent = format.count(lag);
  $("dead-letters").textContent = format.count(letters.total);
}

// ---- Together -----------------------------------------------------------------------------

let askCandles = () => {};

function choose(choice) {
  Object.assign(chosen, choice);
  quote = find(listed) ?? (quote?.symbol === chosen.symbol ? quote : null);
  remember();
  showSymbols(listed, chosen.symbol);
  showQuote();
  askCandles();
}

for (const interval of INTERVALS) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name: "interval", value: interval });
  input.checked = interval === chosen.interval;
  input.addEventListener("change", () => choose({ interval }));
  label.append(input, interval);
  $("intervals").append(label);
}

/** Forget what a service said that is gone: the next one may have to read it first. */
function forget() {
  quote = null;
  refreshAt = 0;
}

const askSymbols = poll(SYMBOLS_MS, followSymbols, forget);
$("search").addEventListener("input", askSymbols);

poll(HEALTH_MS, followHealth, () => showState("away", "Service away", "It does not answer"));

try {
  const chart = await createCandleChart($("chart"), inspect);
  askCandles = poll(CANDLES_MS, () => followCandles(chart), forget);
} catch {
  say("The chart library is missing: run npm ci in the folder api, then reload this page.");
}
