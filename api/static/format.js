// Numbers and times as people read them.

const MOST_DECIMALS = 8;

/** How many decimals the prices are quoted with: as many as any of them needs. */
export function decimals(prices) {
  let most = 2;
  for (const price of prices) {
    const digits = price.toFixed(MOST_DECIMALS).replace(/0+$/, "");
    most = Math.max(most, digits.length - digits.indexOf(".") - 1);
  }
  return most;
}

export function price(value, digits = decimals([value])) {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function quantity(value) {
  return value.toLocaleString("en-US", { notation: "compact", maximumFractionDigits: 2 });
}

export function count(value) {
  return value.toLocaleString("en-US");
}

/** A fraction as a signed percentage; nothing where there is none. */
export function change(fraction) {
  if (fraction === null) return "";
  const percent = (100 * fraction).toFixed(2);
  return `${Number(percent) > 0 ? "+" : ""}${Number(percent) === 0 ? "0.00" : percent}%`;
}

export function direction(fraction) {
  if (!fraction) return "";
  return fraction > 0 ? "up" : "down";
}

/** Seconds as an age: 0.3 s, 12 s, 3 min, 2 h, 5 d. */
export function age(seconds) {
  if (seconds === null) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${count(Math.round(seconds / 86400))} d`;
}

export function moment(milliseconds) {
  return new Date(milliseconds).toISOString().replace("T", " ").slice(0, 19);
}

/** A ratio with two decimals and its sign if it is below 0; a dash where there is none. */
export function ratio(value) {
  return value === null ? "–" : value.toFixed(2);
}
