/**
 * Layers above the page, such as dialogs: each has an entry in the browser's history, so that Back closes the layer
 * instead of leaving the page. It knows nothing of what a layer shows.
 */

/** The functions that close the open layers, from the bottom. @type {(() => void)[]} */
const open = [];
/** Entries of closed layers that the browser is about to leave. */
let leaving = 0;
/** What waits until the browser has left them. @type {(() => void)[]} */
const waiting = [];

/** The number of layers that the present entry of the history stands for. */
function depth() {
  return Number(history.state?.layers) || 0;
}

function onpopstate() {
  if (leaving > 0) leaving -= 1;
  while (open.length > depth()) open.pop()?.();
  // The user came to the entry of a closed layer, with Forward: nothing is there to show.
  if (depth() > open.length) leave();
  else for (const run of waiting.splice(0)) run();
}

function leave() {
  leaving += 1;
  history.back();
}

/**
 * Add a layer. Returns a function that removes it and its entry, for a layer that closes by itself.
 * @param {() => void} close Called when the user goes back, or to another page. May not ask.
 * @returns {() => void}
 */
export function addLayer(close) {
  addEventListener("popstate", onpopstate); // once: it is always the same function
  open.push(close);
  history.pushState({layers: open.length}, "");
  return () => {
    const place = open.indexOf(close);
    if (place < 0) return;
    open.splice(place, 1);
    if (depth() > open.length) leave();
  };
}

/**
 * If the site was opened at a page of its own, put the start below it: Back leads there instead of leaving the site.
 * @param {string} start The address of the start.
 */
export function putBelow(start) {
  const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  const {hash} = location;
  if (navigation?.type !== "navigate" || hash === "" || hash === start) return;
  history.replaceState(null, "", start);
  history.pushState(null, "", hash);
}

/**
 * Leave a page for the one below it. Goes back if the page was opened from there, so that Back does not return to it.
 * @param {string} hash The address of the page below.
 */
export function leaveTo(hash) {
  const {entries, currentEntry} = /** @type {any} */ (globalThis).navigation ?? {};
  const before = entries?.call(/** @type {any} */ (globalThis).navigation)[(currentEntry?.index ?? 0) - 1];
  const hashBefore = before?.url ? new URL(before.url).hash : null;
  if (hashBefore === hash || (hash === "#/" && hashBefore === "")) history.back();
  else goTo(hash, {replace: true});
}

/** Close all layers, as when the page below them goes. */
export function closeLayers() {
  while (open.length > 0) open.pop()?.();
  if (depth() > 0) leave();
}

/**
 * Go to an address of this page. An open layer closes, and the new page takes the place of its entry.
 * @param {string} hash
 * @param {{replace: boolean}} how
 */
export function goTo(hash, {replace}) {
  if (leaving > 0) {
    waiting.push(() => goTo(hash, {replace}));
    return;
  }
  const isAbove = open.length > 0;
  while (open.length > 0) open.pop()?.();
  if (hash === location.hash) {
    if (isAbove) leave();
    return;
  }
  if (!replace && !isAbove) {
    location.hash = hash;
    return;
  }
  history.replaceState(null, "", hash);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
