// Where the service asks for a key: the page has it exchanged for a cookie, and forgets it.

const dialog = document.getElementById("login");
const form = dialog.querySelector("form");
const key = form.querySelector("input");
const fault = form.querySelector("[role=alert]");

/** Ask for a key, unless that is being done. */
export function askForKey() {
  if (!dialog.open) dialog.showModal();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const response = await fetch("/session", {
      method: "POST",
      headers: { Authorization: `Bearer ${key.value.trim()}` },
    });
    fault.textContent = response.ok ? "" : (await response.json()).detail;
    if (response.ok) dialog.close();
  } catch {
    fault.textContent = "The service does not answer";
  }
  key.value = "";
});
