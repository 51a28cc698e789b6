// What the page asks of the service.

import { askForKey } from "./session.js";

const PATIENCE_MS = 5000;

async function get(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  const response = await fetch(query ? `${path}?${query}` : path, {
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (response.status === 401) askForKey();
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail);
  return body;
}

export const health = () => get("/health");
export const deadLetters = () => get("/api/dead-letters", { limit: 1 });
export const ledger = () => get("/api/ledger", { limit: 1 });
export const correlations = (parameters) => get("/api/correlations", parameters);
export const symbols = (contains, limit) => get("/api/symbols", { contains, limit });
export const candles = (symbol, parameters) =>
  get(`/api/candles/${encodeURIComponent(symbol)}`, parameters);
export const indicators = (symbol, parameters) =>
  get(`/api/indicators/${encodeURIComponent(symbol)}`, parameters);
export const anomalies = (symbol, parameters) =>
  get(`/api/anomalies/${encodeURIComponent(symbol)}`, parameters);
export const quality = (symbol, parameters) =>
  get(`/api/quality/${encodeURIComponent(symbol)}`, parameters);
export const alerts = (parameters) => get("/api/alerts", parameters);
export const job = (id) => get(`/api/jobs/${encodeURIComponent(id)}`);
export const routes = async () => (await get("/openapi.json")).paths;
