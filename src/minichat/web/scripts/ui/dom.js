/**
 * Elements: `h` makes one, `keyedList` keeps a list of them in step with data. Text always becomes a text node.
 *
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, unknown>} Attributes `class`, `onclick`, `hidden`, `aria-label`, `dataset`, `style` (an object), …
 */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes | null} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  setAttributes(element, attributes ?? {});
  element.append(...nodes(children.flat()));
  return element;
}

/**
 * Replace what an element holds.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children.flat()));
}

/**
 * Fill an element with other content. If the focus goes with the old one, what is around the element takes it over.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function refill(element, ...children) {
  const hadFocus = element.contains(document.activeElement);
  fill(element, ...children);
  if (hadFocus) focusAround(element);
}

/**
 * Show a page in the place of another. Its heading takes the focus over, or its main part if it shows no heading.
 * @param {Element} place
 * @param {HTMLElement} page
 */
export function handOver(place, page) {
  const hadFocus = place.contains(document.activeElement);
  fill(place, page);
  if (!hadFocus) return;
  place.querySelector("h1")?.focus({preventScroll: true});
  if (document.activeElement === document.body) place.querySelector("main")?.focus({preventScroll: true});
}

/**
 * Set attributes. Null, undefined and false remove one; true sets it empty, except for `aria-`, where both are text.
 * @param {HTMLElement} element
 * @param {Attributes} attributes
 */
export function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "style") setStyle(element, /** @type {Record<string, string>} */ (value));
    else if (name === "value") /** @type {HTMLInputElement} */ (element).value = String(value);
    else setAttribute(element, name, name.startsWith("aria-") && typeof value === "boolean" ? String(value) : value);
  }
}

/**
 * @param {HTMLElement} element
 * @param {Record<string, string>} style By the names of CSS. A strict policy allows this, but no attribute `style`.
 */
function setStyle(element, style) {
  for (const [property, value] of Object.entries(style)) element.style.setProperty(property, value);
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {unknown} value
 */
function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** @param {Child[]} children */
function nodes(children) {
  return children
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

/**
 * Set the text of an element, only if it is another one: a screen reader may announce each change.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * One row of a list: its element, and how to show another version of its item.
 * @template T
 * @typedef {{element: HTMLElement, update?: (item: T) => void}} Part
 */

/**
 * Keep the children of `parent` in step with items. The element of a key stays while its item is there, so focus,
 * selection and scroll position stay. `make` gets a signal that aborts when the row goes. If a row goes with the focus, the
 * next one takes it over.
 * @template T
 * @param {object} list
 * @param {Element} list.parent Holds nothing else.
 * @param {(item: T) => string | number} list.key
 * @param {(item: T, signal: AbortSignal) => Part<T>} list.make
 * @param {boolean} [list.isPart] The rows are a part of a longer list, which takes care of the focus.
 * @param {AbortSignal} list.signal
 * @returns {(items: readonly T[]) => void}
 */
export function keyedList({parent, key, make, isPart = false, signal}) {
  /** @type {Map<string | number, {part: Part<T>, item: T, end: AbortController}>} */
  let rows = new Map();
  signal.addEventListener("abort", () => {
    for (const {end} of rows.values()) end.abort();
  });

  return (items) => {
    const focused = document.activeElement;
    const hadFocus = !isPart && parent.contains(focused);
    const held = hadFocus ? [...parent.children].findIndex((one) => one.contains(focused)) : -1;
    const next = new Map();
    for (const item of items) {
      const name = key(item);
      let row = rows.get(name);
      if (!row) {
        const end = new AbortController();
        row = {part: make(item, end.signal), item, end};
      } else if (!Object.is(row.item, item)) {
        row.part.update?.(item);
        row.item = item;
      }
      next.set(name, row);
    }
    for (const [name, row] of rows) {
      if (next.has(name)) continue;
      row.end.abort();
      row.part.element.remove();
    }
    arrange(
      parent,
      [...next.values()].map(({part}) => part.element),
    );
    rows = next;
    if (hadFocus && !parent.contains(document.activeElement)) focusRow(parent, held);
  };
}

/** @param {Element} parent @param {number} place Of the row that has gone. */
function focusRow(parent, place) {
  const row = parent.children[Math.min(place, parent.childElementCount - 1)];
  const way = "a:not([hidden]), button:enabled:not([hidden])";
  const next = /** @type {HTMLElement | null | undefined} */ (row?.matches(way) ? row : row?.querySelector(way));
  if (next) next.focus({preventScroll: true});
  else focusAround(parent);
}

/** Focus what is around an element that can't have the focus any more. @param {Element} element */
export function focusAround(element) {
  const around = element.closest("[tabindex]") ?? element.closest("dialog")?.querySelector("button");
  /** @type {HTMLElement | null | undefined} */ (around)?.focus({preventScroll: true});
}

/**
 * Put the elements in this order. An element that moves would lose the focus.
 * @param {Element} parent
 * @param {HTMLElement[]} elements
 */
function arrange(parent, elements) {
  const held = document.activeElement;
  let place = parent.firstElementChild;
  for (const element of elements) {
    if (place !== null && element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  if (held !== document.activeElement && parent.contains(held)) {
    /** @type {HTMLElement} */ (held).focus({preventScroll: true});
  }
}

/**
 * A signal that aborts with `parent` or by `end()`, for a part of a view that is replaced while the view stays.
 * @param {AbortSignal} parent
 */
export function scope(parent) {
  let part = new AbortController();
  return {
    /** End the last part. Returns the signal of the next one. */
    next() {
      part.abort();
      part = new AbortController();
      return AbortSignal.any([parent, part.signal]);
    },
  };
}
