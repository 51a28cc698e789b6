// The last closes of the listed symbols, as small lines.

const ROWS = 30; // closes of each, minutes
const SYMBOLS = 200;
const PATIENCE_MS = 10000;
const SVG = "http://www.w3.org/2000/svg";

/** The last closes of symbols, by symbol: one request, a stream that is left after its snapshot. */
export function lastCloses(symbols) {
  const names = symbols.slice(0, SYMBOLS).join();
  const query = new URLSearchParams({ channels: "finals.1m", symbols: names, snapshot: ROWS });
  return new Promise((done, failed) => {
    const source = new EventSource(`/stream?${query}`);
    const closes = new Map();
    const timer = setTimeout(end, PATIENCE_MS, failed);
    function end(told, what) {
      clearTimeout(timer);
      source.close();
      told(what);
    }
    source.addEventListener("error", () => end(failed));
    source.addEventListener("snapshot", (event) => {
      const { rows, last } = JSON.parse(event.data);
      for (const { symbol, close } of rows["finals.1m"] ?? []) {
        if (!closes.has(symbol)) closes.set(symbol, []);
        closes.get(symbol).push(close);
      }
      if (last) end(done, closes);
    });
  });
}

/** An empty line. */
export function createSpark() {
  const picture = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  picture.setAttribute("viewBox", "0 0 100 20");
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("aria-hidden", "true");
  path.setAttribute("vector-effect", "non-scaling-stroke");
  picture.append(path);
  return picture;
}

/** Let a line go through these values, touching the page only if it changes. */
export function drawSpark(picture, values) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const step = 100 / Math.max(1, values.length - 1);
  const height = (value) => (most > least ? 19 - (18 * (value - least)) / (most - least) : 10);
  const points = values.map((value, n) => `${(n * step).toFixed(1)},${height(value).toFixed(1)}`);
  const line = values.length > 1 ? `M${points.join("L")}` : "";
  const path = picture.firstElementChild;
  if (path.getAttribute("d") !== line) path.setAttribute("d", line);
}
