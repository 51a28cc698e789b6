// The chart: candles above, volume below.

import { decimals } from "./format.js";

const PRICES_SAMPLED = 100; // enough to see how many decimals they are quoted with

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function theme() {
  const root = getComputedStyle(document.documentElement);
  const line = { color: colour("--line") };
  return {
    layout: {
      background: { color: colour("--surface") },
      textColor: colour("--quiet"),
      fontFamily: root.fontFamily,
      fontSize: Math.round(0.78 * parseFloat(root.fontSize)),
      panes: { separatorColor: colour("--line"), separatorHoverColor: colour("--chosen") },
    },
    grid: { vertLines: line, horzLines: line },
    rightPriceScale: { borderColor: colour("--line") },
    timeScale: { borderColor: colour("--line") },
  };
}

function bar({ start, open, high, low, close }) {
  return { time: start / 1000, open, high, low, close };
}

function volume({ start, open, close, volume }) {
  const tone = colour(close < open ? "--down" : "--up");
  return { time: start / 1000, value: volume, color: `${tone}80` };
}

/**
 * A chart of candles as the service gives them.
 *
 * `inspect` is called with the candle under the pointer, or the newest if there is none, and with
 * the start of what is under the pointer, or null.
 */
export async function createCandleChart(container, inspect) {
  const library = await import("/static/vendor/lightweight-charts.mjs");
  const chart = library.createChart(container, {
    autoSize: true,
    layout: { attributionLogo: false }, // it brings a style of its own; the page names the library
    crosshair: { mode: library.CrosshairMode.Normal },
    timeScale: { timeVisible: true, rightOffset: 4, minBarSpacing: 0.5 },
    localization: { locale: "en-US" },
  });
  const prices = chart.addSeries(library.CandlestickSeries, { borderVisible: false });
  const volumes = chart.addSeries(
    library.HistogramSeries,
    { priceFormat: { type: "volume" }, priceLineVisible: false, lastValueVisible: false },
    1,
  );
  volumes.priceScale().applyOptions({ scaleMargins: { top: 0.15, bottom: 0 } });
  chart.panes()[0].setStretchFactor(4);
  chart.panes()[1].setStretchFactor(1);

  let candles = new Map(); // by start, ascending
  let newest = null;
  let pointed = null; // start of the candle under the pointer

  function tell() {
    inspect(candles.get(pointed) ?? newest, pointed);
  }

  function paint() {
    const up = colour("--up");
    const down = colour("--down");
    chart.applyOptions(theme());
    prices.applyOptions({ upColor: up, wickUpColor: up, downColor: down, wickDownColor: down });
    volumes.setData([...candles.values()].map(volume));
  }

  chart.subscribeCrosshairMove(({ time }) => {
    pointed = time === undefined ? null : time * 1000;
    tell();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  addEventListener("resize", () => chart.applyOptions(theme()));
  paint();

  return {
    library,
    chart,
    prices,

    /** Show these candles, ascending, and no others; `seconds` is whether seconds matter. */
    show(all, seconds, rewind) {
      const precision = decimals(all.slice(-PRICES_SAMPLED).map((candle) => candle.close));
      prices.applyOptions({ priceFormat: { type: "price", precision, minMove: 10 ** -precision } });
      chart.applyOptions({ timeScale: { secondsVisible: seconds } });
      candles = new Map(all.map((candle) => [candle.start, candle]));
      newest = all.at(-1) ?? null;
      prices.setData(all.map(bar));
      volumes.setData(all.map(volume));
      if (rewind) {
        const shown = Math.max(30, Math.floor(container.clientWidth / 9));
        chart.timeScale().setVisibleLogicalRange({ from: all.length - shown, to: all.length + 3 });
      }
      tell();
    },

    /** Whether `update` can take these: each is shown already, or later than all that are. */
    canUpdate(changed) {
      return changed.every(({ start }) => start > (newest?.start ?? -1) || candles.has(start));
    },

    /** Add candles, ascending, or change those that are shown. */
    update(changed) {
      for (const candle of changed) {
        const old = newest !== null && candle.start < newest.start;
        candles.set(candle.start, candle);
        if (!old) newest = candle;
        prices.update(bar(candle), old);
        volumes.update(volume(candle), old);
      }
      tell();
    },

    /** The newest candle shown, null if there is none. */
    get newest() {
      return newest;
    },

    /** Whether the candle of this start is shown. */
    has(start) {
      return candles.has(start);
    },
  };
}
