/**
 * The element that a link or a search leads to: it gets the focus and is highlighted for a moment.
 */

const HIGHLIGHT_MS = 2_500;

/** @param {HTMLElement | undefined} element */
export function showTarget(element) {
  element?.focus({preventScroll: true});
  element?.classList.add("is-target");
  setTimeout(() => element?.classList.remove("is-target"), HIGHLIGHT_MS);
}
