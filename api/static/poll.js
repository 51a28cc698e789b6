// Asking again and again, as long as somebody looks.

const RETRY_MS = 1000;

/**
 * Run a task, and again `milliseconds` after it is done; a failed one is tried again a little
 * later. Nothing runs while the page is hidden. Returns a function that runs the task at once.
 */
export function poll(milliseconds, task, failed = () => {}) {
  let timer;
  let running = false;
  let again = false;

  async function run() {
    clearTimeout(timer);
    if (document.hidden) return;
    if (running) {
      again = true;
      return;
    }
    running = true;
    let pause = milliseconds;
    try {
      await task();
    } catch (error) {
      failed(error);
      pause = Math.max(RETRY_MS, milliseconds);
    }
    running = false;
    timer = setTimeout(run, again ? 0 : pause);
    again = false;
  }

  document.addEventListener("visibilitychange", run);
  run();
  return run;
}
