/**
 * Runs functions when a new day begins, so that "Today" becomes "Yesterday" in a page that stays open. It compares dates
 * instead of waiting until midnight, because a timer stands still while a computer sleeps.
 */

const CHECK_MS = 60_000;

/** @type {Set<() => void>} */
const runs = new Set();
let shown = "";
/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;

const today = () => new Date().toDateString();

function check() {
  if (shown === today()) return;
  shown = today();
  for (const run of [...runs]) run();
}

/**
 * @param {() => void} run
 * @param {AbortSignal} signal
 */
export function onNewDay(run, signal) {
  if (runs.size === 0) {
    shown = today();
    timer = setInterval(check, CHECK_MS);
    document.addEventListener("visibilitychange", check);
  }
  runs.add(run);
  signal.addEventListener("abort", () => {
    runs.delete(run);
    if (runs.size > 0) return;
    clearInterval(timer);
    document.removeEventListener("visibilitychange", check);
  });
}
