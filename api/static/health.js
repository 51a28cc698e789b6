// How the service does, in one line.

import * as api from "./api.js";
import * as format from "./format.js";

const PATIENCE_MS = 3000; // from here on a stream that does not come is said

const $ = (id) => document.getElementById(id);

function showState(state, text, detail = "") {
  $("state").dataset.state = state;
  if ($("state").textContent !== text) $("state").textContent = text;
  $("state").title = detail;
}

/** Show the health; `silent()` is for how many ms nothing can have come over the stream. */
export async function followHealth(silent) {
  const [health, letters] = await Promise.all([api.health(), api.deadLetters()]);
  if (!health.ready) showState("degraded", "Not ready", health.reasons.join("; "));
  else if (silent() > PATIENCE_MS) showState("degraded", "Not live", "The stream does not come");
  else showState("ready", "Ready");
  const lag = Object.values(health.lag).reduce((sum, messages) => sum + messages, 0);
  $("freshness").textContent = format.age(health.freshness_seconds);
  $("lag").textContent = format.count(lag);
  $("dead-letters").textContent = format.count(letters.total);
}

/** Show that the service is gone. */
export function showAway() {
  showState("away", "Service away", "It does not answer");
}
