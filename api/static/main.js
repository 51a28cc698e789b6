// The page: what is chosen, what is asked, and where the answers go.

import { createAlerts } from "./alerts.js";
import * as api from "./api.js";
import { createCandles } from "./candles.js";
import { createCandleChart } from "./chart.js";
import { createCorrelations } from "./correlations.js";
import { createDepth } from "./depth.js";
import { createFindings } from "./findings.js";
import { createFlow } from "./flow.js";
import * as format from "./format.js";
import { followHealth, showAway } from "./health.js";
import { createIndicators } from "./indicators.js";
import { showLegend } from "./legend.js";
import { createMarkers } from "./markers.js";
import { poll } from "./poll.js";
import { lastCloses } from "./sparks.js";
import { createStream } from "./stream.js";
import { createSymbolList } from "./symbols.js";
import { createUpload } from "./upload.js";

const INTERVALS = ["1s", "10s", "1m", "5m", "15m", "1h", "4h", "1d"];
const HISTORY = 1000; // candles shown
const ROWS = 200; // symbols listed; the search finds the others
const SYMBOLS_MS = 1000;
const HEALTH_MS = 1000;
const ALERTS = 50; // shown
const ALERTS_MS = 2000;
const MINUTE_MS = 60000;
const HISTORY_MS = 300000; // how often the history is asked for again
const SNAPSHOT = 61; // rows of each kind that come first: an hour of minutes, and the present one

const $ = (id) => document.getElementById(id);

// What is chosen lives in the address, #symbol/interval, so that it can be kept and shared.
const [fromSymbol, fromInterval] = location.hash.slice(1).split("/").map(decodeURIComponent);
const chosen = {
  symbol: fromSymbol || null,
  interval: INTERVALS.includes(fromInterval) ? fromInterval : "1m",
};
let listed = []; // rows of /api/symbols that match the search
let quote = null; // the row of the chosen symbol, wherever it stands

function remember() {
  const address = `#${encodeURIComponent(chosen.symbol ?? "")}/${chosen.interval}`;
  history.replaceState(null, "", address);
}

function say(message) {
  if ($("message").textContent !== message) $("message").textContent = message;
}

// ---- Live ---------------------------------------------------------------------------------

// What shows each kind of channel: clear(symbol, interval) forgets all, take(rows) shows rows,
// settled() is called when the newest of what there is has come.
const panels = new Map();
let followed = ""; // symbol and channels that come over the stream
let ready = false; // all panels that can be there are
let silentSince = Date.now(); // null while something can come

function channelOf(kind) {
  if (kind === "order_flow") return "order_flow.1m";
  return kind === "candles" || kind === "indicators" ? `${kind}.${chosen.interval}` : kind;
}

const stream = createStream({
  snapshot(rows, last, again) {
    if (again) clear();
    for (const [channel, own] of Object.entries(rows)) take(channel, own);
    if (last) for (const panel of panels.values()) panel.settled?.();
  },
  updates(updates) {
    for (const [channel, row] of updates) take(channel, [row]);
  },
  live(open) {
    silentSince = open ? null : (silentSince ?? Date.now());
  },
});

function take(channel, rows) {
  panels.get(channel.split(".")[0])?.take(rows);
}

function clear() {
  for (const panel of panels.values()) panel.clear(chosen.symbol, chosen.interval);
  asked = false;
  askHistory();
}

/** Follow what is shown of the chosen symbol, unless that is done already; `anew` forgets all. */
function follow(anew = true) {
  const channels = [...panels.keys()].map(channelOf);
  const wanted = [chosen.symbol, ...channels].join();
  if (!ready || chosen.symbol === null || wanted === followed) return;
  followed = wanted;
  if (anew) clear();
  stream.follow(channels, chosen.symbol, SNAPSHOT);
}

// ---- Candles ------------------------------------------------------------------------------

// Once the chart is there:
let candles = null;
let indicators = null;
let markers = null;
let asked = false; // whether their history is there, or on its way

async function loadHistory() {
  const { symbol, interval } = chosen;
  // A service that has just started may not have read the symbol yet: asking would be an error.
  if (!candles || quote === null || quote.symbol !== symbol) return;
  asked = true;
  try {
    const found = await api.candles(symbol, { interval, limit: HISTORY });
    if (symbol === chosen.symbol && interval === chosen.interval) candles.load(found.candles);
  } catch (error) {
    asked = false;
    throw error;
  }
}

function showNewest(newest, all) {
  indicators.refresh(all);
  markers.refresh(all);
  const { symbol, interval } = chosen;
  say(newest ? "" : `No ${interval} candles of ${symbol} yet`);
  const close = newest ? `, newest close ${format.price(newest.close)}` : "";
  $("chart").setAttribute("aria-label", `${symbol}, ${interval} candles${close}`);
}

function clearChart(symbol, interval) {
  candles.clear(symbol, interval);
  markers.clear(symbol, interval);
}

function inspect(candle, pointed) {
  showLegend($("legend"), candle);
  indicators?.inspect(pointed);
  markers?.inspect(pointed);
}

// ---- What is made of candles and trades ---------------------------------------------------

/** Have a task run for what is chosen now, and take its answer if that is still chosen then. */
async function askOnce(task, load) {
  const { symbol, interval } = chosen;
  const answer = await task(symbol, interval).catch(() => null); // what comes live is shown
  if (answer && symbol === chosen.symbol && interval === chosen.interval) load(answer);
}

function askIndicators() {
  askOnce(
    (symbol, interval) => api.indicators(symbol, { interval, limit: HISTORY }),
    (answer) => indicators.load(answer.indicators),
  );
}

const findings = createFindings($("findings"), $("no-findings"), {
  changed: (found) => markers?.mark(found),
  choose: (finding) => markers?.reveal(finding),
  ask: (kind) =>
    askOnce(
      (symbol) => api[kind](symbol, { limit: HISTORY }),
      (answer) => findings.load(answer.anomalies ?? answer.events),
    ),
});
panels.set("anomalies", { ...findings.of("anomalies"), clear: findings.clear });
panels.set("quality", { ...findings.of("quality"), settled: findings.settled });

panels.set("order_flow", createFlow($("flow")));
panels.set("book", createDepth($("book")));

function chooseIndicators() {
  if (!indicators.wanted) panels.delete("indicators");
  else if (!panels.has("indicators")) {
    indicators.clear();
    panels.set("indicators", indicators);
  }
  follow(false);
}

// ---- Symbols ------------------------------------------------------------------------------

let most = 0; // symbols there ever were at once
let closes = new Map(); // the last of each symbol
let closesOf = ""; // symbols that they were asked for

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
  most = Math.max(most, total);
  if (chosen.symbol === null && symbols.length) choose({ symbol: symbols[0].symbol });
  quote = find(listed);
  if (chosen.symbol !== null && !quote) {
    quote = find((await api.symbols(chosen.symbol, ROWS)).symbols);
  }
  if (quote && candles && !asked) askHistory();
  if (names(listed) !== closesOf) askOthers();
  showSymbols(listed, chosen.symbol, closes);
  showQuote();
  const shown = listed.length < total ? `${format.count(listed.length)} of ` : "";
  $("count").textContent = `${shown}${format.count(total)} ${total === 1 ? "symbol" : "symbols"}`;
}

async function followOthers() {
  if (!listed.length) return;
  closesOf = names(listed);
  const [found] = await Promise.all([
    lastCloses(listed.map((row) => row.symbol)),
    showCorrelations(listed, most),
  ]);
  closes = found;
  showSymbols(listed, chosen.symbol, closes);
}

function names(rows) {
  return rows.map(({ symbol }) => symbol).join();
}

/** Forget what a service said that is gone: the next one may have to read it first. */
function forget() {
  quote = null;
}

// ---- Together -----------------------------------------------------------------------------

function choose(choice) {
  Object.assign(chosen, choice);
  quote = find(listed) ?? (quote?.symbol === chosen.symbol ? quote : null);
  remember();
  showSymbols(listed, chosen.symbol, closes);
  showQuote();
  follow();
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

const askHistory = poll(HISTORY_MS, loadHistory);
const showCorrelations = createCorrelations($("correlations"));
const askOthers = poll(MINUTE_MS, followOthers, () => (closesOf = ""));
const askSymbols = poll(SYMBOLS_MS, followSymbols, forget);
$("search").addEventListener("input", askSymbols);

poll(HEALTH_MS, () => followHealth(() => (silentSince ? Date.now() - silentSince : 0)), showAway);

const showAlerts = createAlerts($("alerts"), $("no-alerts"), ({ symbol }) => choose({ symbol }));
// Not over the stream, which has one symbol: browsers have few connections for all of their pages.
poll(ALERTS_MS, async () => showAlerts((await api.alerts({ limit: ALERTS })).alerts));

try {
  const chart = await createCandleChart($("chart"), inspect);
  candles = createCandles(chart, showNewest);
  markers = createMarkers(chart, $("note"));
  indicators = createIndicators(chart, $("toggles"), $("values"), chooseIndicators, askIndicators);
  panels.set("candles", { take: candles.take, clear: clearChart });
  if (indicators.wanted) panels.set("indicators", indicators);
} catch {
  say("The chart library is missing: run npm ci in the folder api, then reload this page.");
}
ready = true;
follow();
createUpload($("upload")).catch(() => {}); // without an answer it stays hidden
