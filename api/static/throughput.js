// How many records a second the pipeline takes, from the totals of its ledger.

const SPAN_MS = 15000; // what a rate is taken over: shards write their accounts one by one

/** Returns a function that takes a total, its time, and the present; and gives the rate, or null. */
export function createThroughput() {
  let looks = []; // { records, at, seen }

  return (records, at, now) => {
    if (at === null) return null;
    const last = looks.at(-1);
    if (last && (records < last.records || at < last.at)) looks = []; // the job began anew
    if (!last || at > last.at) looks.push({ records, at, seen: now });
    while (looks.length > 2 && looks[1].at <= at - SPAN_MS) looks.shift();
    const [first, newest] = [looks[0], looks.at(-1)];
    if (now - newest.seen > SPAN_MS) return 0;
    return newest.at > first.at ? (1000 * (newest.records - first.records)) / (newest.at - first.at) : null;
  };
}
