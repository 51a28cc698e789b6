// What comes over Kafka, as it comes: server-sent events that go on where they broke off.

const RETRY_MS = 1000;
const LONGEST_RETRY_MS = 10000;
const SILENCE_MS = 45000; // the service says something every 10 s, if it is there

/**
 * Follow channels, and others at any time; nothing is followed while the page is hidden, because
 * browsers have few connections to one host.
 *
 * `handlers.snapshot(rows, last, again)` is called with rows by channel, ascending in each; `again`
 * says that something may have been missed before it, so that what is known is to be forgotten.
 * `handlers.updates([[channel, row], ...])` has all that came since, `handlers.live(open)` whether
 * anything can come.
 */
export function createStream(handlers) {
  let source = null;
  let query = null;
  let cursor = "";
  let refusals = 0;
  let known = false; // a whole snapshot came since `follow`
  let partial = false; // of one, the first part came
  let retry;
  let watch;

  function close() {
    clearTimeout(retry);
    clearTimeout(watch);
    source?.close();
    source = null;
  }

  function hear() {
    clearTimeout(watch);
    watch = setTimeout(open, SILENCE_MS);
  }

  function open() {
    close();
    if (query === null || document.hidden) return;
    partial = false;
    const place = cursor ? { ...query, cursor } : query;
    const own = new EventSource(`/stream?${new URLSearchParams(place)}`);
    source = own;
    hear();

    // Snapshots come in parts; only the last has an id, so a broken one is sent again.
    on("snapshot", ({ rows, last }) => {
      handlers.snapshot(rows, last, known && !partial);
      partial = !last;
      known = known || last;
    });
    on("updates", ({ updates }) => handlers.updates(updates));
    on("heartbeat", () => {});
    own.addEventListener("open", () => {
      refusals = 0;
      partial = false;
      hear();
      handlers.live(true);
    });
    own.addEventListener("error", () => {
      handlers.live(false);
      if (own.readyState !== EventSource.CLOSED) return; // the browser comes back by itself
      refusals += 1;
      if (refusals > 1) cursor = ""; // it may be what is refused
      clearTimeout(watch);
      retry = setTimeout(open, Math.min(RETRY_MS * 2 ** (refusals - 1), LONGEST_RETRY_MS));
    });

    function on(type, handle) {
      own.addEventListener(type, (event) => {
        if (own !== source) return;
        hear();
        handle(JSON.parse(event.data));
        cursor = event.lastEventId || cursor;
      });
    }
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));

  return {
    /** Follow these channels of a symbol; a snapshot of so many rows of each comes first. */
    follow(channels, symbol, snapshot) {
      query = { channels: channels.join(","), symbols: symbol, snapshot };
      cursor = "";
      refusals = 0;
      known = false;
      open();
    },
  };
}
