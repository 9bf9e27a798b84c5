/**
 * Whether the user looks at the page: it is visible and has the focus. An interruption of the live updates may mean that
 * the machine slept. The user has then seen nothing new before they act again.
 *
 * @typedef {import("../app.js").App} App
 */

const ACTS = ["pointermove", "pointerdown", "wheel", "keydown"];
/** What was missed arrives so soon after the interruption. An act before it may be the one that woke the machine. */
const CATCH_UP_MS = 1_000;

/**
 * @param {App} app
 * @param {(isLooking: boolean) => void} run Called on each change, and at once if the user does not look.
 * @param {AbortSignal} signal
 */
export function watchAttention({store}, run, signal) {
  let isLooking = true;
  let isInterrupted = false;
  let liveAt = 0;

  function look() {
    const before = isLooking;
    isLooking = document.visibilityState === "visible" && document.hasFocus() && !isInterrupted;
    if (isLooking !== before) run(isLooking);
  }

  function act() {
    if (!isInterrupted || store.get().link !== "live" || Date.now() - liveAt < CATCH_UP_MS) return;
    isInterrupted = false;
    look();
  }

  store.watch(
    (state) => state.link,
    (link, before) => {
      if (link === "live") liveAt = Date.now();
      else if (before === "live") isInterrupted = true;
      look();
    },
    signal,
  );
  for (const type of ["focus", "blur"]) addEventListener(type, look, {signal});
  document.addEventListener("visibilitychange", look, {signal});
  for (const type of ACTS) addEventListener(type, act, {signal, passive: true, capture: true});
}
