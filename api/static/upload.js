// Trades from a file: how far it is sent, and what became of its rows.

import * as api from "./api.js";
import * as format from "./format.js";

const AGAIN_MS = 500;
const SHOWN = 10; // rejected rows
const TYPES = {
  csv: "text/csv",
  jsonl: "application/x-ndjson",
  ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
};
const COUNTS = ["rows", "published", "rejected", "filtered", "in_flight"];
const ENDS = ["done", "failed", "aborted"];

function typeOf(name) {
  return TYPES[name.split(".").at(-1).toLowerCase()];
}

/** Send a file; `sent(share)` is called with how much is sent. Gives the status and the answer. */
function send(file, sent) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/upload");
    request.setRequestHeader("Content-Type", typeOf(file.name));
    request.upload.addEventListener("progress", ({ loaded, total }) => sent(total ? loaded / total : 1));
    request.addEventListener("error", () => failed(new Error("The service does not answer")));
    request.addEventListener("load", () => {
      try {
        done({ status: request.status, body: JSON.parse(request.responseText) });
      } catch {
        failed(new Error(`The service answered ${request.status}`));
      }
    });
    request.send(file);
  });
}

/** Make the elements of `panel` work, if the service takes uploads; else it stays hidden. */
export async function createUpload(panel) {
  const form = panel.querySelector("form");
  const input = panel.querySelector("input");
  const button = panel.querySelector("button");
  const progress = panel.querySelector("progress");
  const state = panel.querySelector(".note");
  const counts = panel.querySelector("dl");
  const rejects = panel.querySelector("ul");

  function say(text) {
    if (state.textContent !== text) state.textContent = text;
  }

  function show(job) {
    const reason = job.error || job.waiting;
    say(`${job.id}: ${job.state}${reason ? `, ${reason}` : ""}`);
    const shown = COUNTS.filter((name) => job[name] !== undefined).map((name) => {
      const pair = document.createElement("div");
      const [term, value] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name.replace("_", " ");
      value.textContent = format.count(job[name]);
      pair.append(term, value);
      return pair;
    });
    counts.replaceChildren(...shown);
    const rows = (job.rejects ?? []).slice(0, SHOWN).map(({ row, reason, detail }) => {
      const item = document.createElement("li");
      item.textContent = `row ${format.count(row)}: ${reason}, ${detail}`;
      return item;
    });
    rejects.replaceChildren(...rows);
  }

  async function follow(job) {
    show(job);
    while (!ENDS.includes(job.state)) {
      await new Promise((done) => setTimeout(done, AGAIN_MS));
      job = await api.job(job.id);
      show(job);
    }
  }

  async function upload(file) {
    counts.replaceChildren();
    rejects.replaceChildren();
    if (!typeOf(file.name)) {
      say(`Expected a file that ends in ${Object.keys(TYPES).join(", ")}, got ${file.name}`);
      return;
    }
    button.disabled = true;
    progress.hidden = false;
    progress.value = 0;
    say(`Sending ${file.name}`);
    try {
      const { status, body } = await send(file, (share) => (progress.value = share));
      if (status === 202) await follow(body);
      else say(body.detail);
      panel.hidden = status === 404;
    } catch (error) {
      say(error.message);
    }
    button.disabled = false;
    progress.hidden = true;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.files.length) upload(input.files[0]);
    else say("Choose a file first");
  });
  // To ask /upload itself would be an error where it is not there.
  const paths = await api.routes();
  panel.hidden = !("/upload" in paths);
}
