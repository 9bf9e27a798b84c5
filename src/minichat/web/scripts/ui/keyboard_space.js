/**
 * Keeps the page above the keyboard of a phone. Most browsers shrink the page, as its viewport asks for; Safari lays the
 * keyboard over it and scrolls.
 */

/** Smaller differences come from the bars of the browser. */
const SMALLEST_KEYBOARD_PX = 80;

/**
 * Set `--visible-height` on the root element while a keyboard covers the page.
 * @param {AbortSignal} signal
 */
export function keepAboveKeyboard(signal) {
  const view = globalThis.visualViewport;
  if (!view) return;
  const {style} = document.documentElement;

  function fit() {
    if (!view || view.scale > 1) return; // the user has zoomed in
    const isCovered = innerHeight - view.height > SMALLEST_KEYBOARD_PX;
    if (isCovered) style.setProperty("--visible-height", `${view.height}px`);
    else style.removeProperty("--visible-height");
    if (isCovered) scrollTo(0, 0);
  }
  view.addEventListener("resize", fit, {signal});
}
