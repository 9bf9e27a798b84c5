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
