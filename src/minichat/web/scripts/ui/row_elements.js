/**
 * The elements of a list's rows, found by the keys of the rows, and the keys by the elements.
 */
import {keyedList} from "./dom.js";

/**
 * @template T
 * @param {object} list
 * @param {Element} list.parent Holds nothing else.
 * @param {(item: T) => string} list.key
 * @param {(item: T, signal: AbortSignal) => import("./dom.js").Part<T>} list.make
 * @param {(element: HTMLElement, signal: AbortSignal) => void} list.onMade Gets a signal that aborts when the row goes.
 * @param {AbortSignal} list.signal
 */
export function rowElements({parent, key, make, onMade, signal}) {
  /** @type {Map<string, HTMLElement>} */
  const elements = new Map();
  /** @type {WeakMap<Element, string>} */
  const keys = new WeakMap();

  const show = keyedList({
    parent,
    key,
    make(/** @type {T} */ item, end) {
      const part = make(item, end);
      const name = key(item);
      keys.set(part.element, name);
      elements.set(name, part.element);
      end.addEventListener("abort", () => elements.delete(name));
      onMade(part.element, end);
      return part;
    },
    isPart: true,
    signal,
  });

  return {
    /** Make these rows the children of the parent. */
    show,
    /** @param {string} name */
    get: (name) => elements.get(name),
    /** The key of the row with this element. @param {Element} element */
    keyOf: (element) => keys.get(element),
    /** The key of the row that holds an element. @param {Element} element */
    keyAround(element) {
      /** @type {Element | null} */
      let row = element;
      while (row && row.parentElement !== parent) row = row.parentElement;
      return row ? keys.get(row) : undefined;
    },
  };
}
