// Work for the next picture of the screen.

/** Return a function that has `task` run before the next picture, once however often it is called. */
export function onceAFrame(task) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      task();
    });
  };
}
