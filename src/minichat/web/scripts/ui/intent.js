/**
 * The moment before a click: a pointer rests on an element, or presses it. What the click needs can load by then.
 */

/** A pointer that crosses an element leaves it sooner. */
const REST_MS = 60;

/**
 * @param {HTMLElement} element
 * @param {() => void} prepare May run several times.
 */
export function onIntent(element, prepare) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  element.addEventListener("pointerenter", (event) => {
    if (event.pointerType !== "touch") resting = setTimeout(prepare, REST_MS);
  });
  element.addEventListener("pointerleave", () => clearTimeout(resting));
  element.addEventListener("pointerdown", prepare);
}
