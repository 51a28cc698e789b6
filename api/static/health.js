// How the service does, in one line.

import * as api from "./api.js";
import * as format from "./format.js";
import { createThroughput } from "./throughput.js";

const PATIENCE_MS = 3000; // from here on a stream that does not come is said

const $ = (id) => document.getElementById(id);

const throughput = createThroughput();

function showState(state, text, detail = "") {
  $("state").dataset.state = state;
  if ($("state").textContent !== text) $("state").textContent = text;
  $("state").title = detail;
}

/** Show the health; `silent()` is for how many ms nothing can have come over the stream. */
export async function followHealth(silent) {
  const [health, letters, ledger] = await Promise.all([
    api.health(),
    api.deadLetters(),
    api.ledger(),
  ]);
  if (!health.ready) showState("degraded", "Not ready", health.reasons.join("; "));
  else if (silent() > PATIENCE_MS) showState("degraded", "Not live", "The stream does not come");
  else showState("ready", "Ready");
  const lag = Object.values(health.lag).reduce((sum, messages) => sum + messages, 0);
  $("freshness").textContent = format.age(health.freshness_seconds);
  $("lag").textContent = format.count(lag);
  $("dead-letters").textContent = format.count(letters.total);
  const rate = throughput(ledger.total.records, ledger.updated_at, Date.now());
  $("throughput").textContent = rate === null ? "–" : `${format.quantity(rate)}/s`;
  $("late").textContent = format.count(ledger.total.late);
}

/** Show that the service is gone. */
export function showAway() {
  showState("away", "Service away", "It does not answer");
}
