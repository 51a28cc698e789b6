// The newest alerts, of all symbols.

import * as format from "./format.js";

/** Show alerts, ascending as the service gives them, in `list`, the newest first. */
export function createAlerts(list, empty, choose) {
  const rows = new Map(); // by id

  function row(alert) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const time = document.createElement("time");
    time.textContent = format.moment(alert.timestamp).slice(5);
    time.dateTime = new Date(alert.timestamp).toISOString();
    button.type = "button";
    button.append(time, " ", alert.text);
    button.addEventListener("click", () => choose(alert));
    item.append(button);
    return item;
  }

  return (alerts) => {
    const gone = new Set(rows.keys());
    let before = null;
    for (const alert of alerts.toReversed()) {
      gone.delete(alert.id);
      if (!rows.has(alert.id)) rows.set(alert.id, row(alert));
      const item = rows.get(alert.id);
      // Moving an element that stands where it should would take its focus away.
      const place = before ? before.nextElementSibling : list.firstElementChild;
      if (place !== item) list.insertBefore(item, place);
      before = item;
    }
    for (const id of gone) {
      rows.get(id).remove();
      rows.delete(id);
    }
    empty.textContent = alerts.length ? "" : "No alerts";
  };
}
