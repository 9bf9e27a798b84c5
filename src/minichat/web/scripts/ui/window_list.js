/**
 * A long list that shows a window of its rows and keeps the view still: rows that appear above, change their height or
 * leave do not move what the user is looking at. At its end it stays at the end. It knows nothing of what a row shows.
 *
 * The view is held by an anchor: the first row that begins within the view, and its distance from the upper edge. While
 * the user scrolls, a wrong estimate changes the space above the rows instead of the scroll position, because setting
 * that would break off the movement; the space is put right when the movement ends.
 */
import {rowsInView} from "./anchors.js";
import {h} from "./dom.js";
import {makeMovement} from "./movement.js";
import {rowElements} from "./row_elements.js";
import {makeHeights, rowsBetween} from "./row_heights.js";

/** At most so many rows are elements. */
const MOST_ROWS = 250;
/** Closer to the end than this counts as the end. */
const NEAR_PX = 60;
const ESTIMATE_PX = 56;

/**
 * A row, and its distance from the upper edge of the view. Without one it is in the middle.
 * @typedef {{key: string, offset?: number}} Target
 */

/**
 * @template T
 * @typedef {object} Seen
 * @property {T} item
 * @property {number} top From the upper edge of the view.
 * @property {number} bottom
 */

/**
 * @template T
 * @param {object} options
 * @param {HTMLElement} options.scroller Must have `overflow-anchor: none`.
 * @param {HTMLElement} options.list Within the scroller. Holds nothing else.
 * @param {(item: T) => string} options.key
 * @param {(item: T, signal: AbortSignal) => import("./dom.js").Part<T>} options.make
 * @param {(item: T) => boolean} options.isSteady Whether the row stays between its neighbours when others are added.
 * @param {() => void} options.onView The view has changed.
 * @param {AbortSignal} options.signal
 */
export function windowList({scroller, list, key, make, isSteady, onView, signal}) {
  const above = h("div");
  const rows = h("div", {class: "window-rows"});
  const below = h("div");
  list.append(above, rows, below);

  const heights = makeHeights(ESTIMATE_PX);
  /** @type {readonly T[]} */
  let items = [];
  /** @type {Map<string, number>} */
  let places = new Map();
  let [first, end] = [0, 0];
  let spaceAbove = 0;
  /** How much more space is above the rows than their heights add up to. */
  let drift = 0;
  /** The rows in view, the best anchor first. @type {import("./anchors.js").Anchor[]} */
  let anchors = [];
  let isAtEnd = true;
  let isFollowing = true;
  let ownTop = -1;
  /** The scroll position of the last look. */
  let seenTop = 0;
  let size = 0;
  /** What to show as soon as the list has a size. @type {Target | null | undefined} */
  let pending;

  const elements = rowElements({
    parent: rows,
    key,
    make,
    onMade(element, end) {
      sizes.observe(element);
      end.addEventListener("abort", () => sizes.unobserve(element));
    },
    signal,
  });

  const movement = makeMovement(onRest, signal);
  const rowsOffset = () => rows.getBoundingClientRect().top - scroller.getBoundingClientRect().top;

  /** @param {number} place */
  const offsetOf = (place) => rowsOffset() + heights.top(place) - heights.top(first);

  /** @param {number} height */
  function setSpaceAbove(height) {
    spaceAbove = height;
    drift = height - heights.top(first);
    above.style.setProperty("height", `${height}px`);
  }

  /** Show the rows in view and `reach` around it, and learn their heights. @param {number} top @param {number} reach */
  function render(top, reach) {
    ({first, end} = rowsBetween(heights, top - reach, top + size + reach, MOST_ROWS));
    // Before the rows: if the list became too short meanwhile, the browser would move it.
    below.style.setProperty("height", `${heights.total() - heights.top(end)}px`);
    setSpaceAbove(Math.max(0, heights.top(first) + drift));
    const shown = items.slice(first, end);
    const hadFocus = rows.contains(document.activeElement);
    elements.show(shown);
    if (hadFocus && !rows.contains(document.activeElement)) scroller.focus({preventScroll: true});
    for (const name of shown.map(key)) {
      const height = elements.get(name)?.getBoundingClientRect().height;
      if (height !== undefined) heights.set(name, height);
    }
  }

  /** The first view comes sooner without the rows around it: `onRest` adds those. */
  const rowsAround = () => (end === 0 ? 0 : scroller.clientHeight);

  /** Show a row at its place, or the end. @param {Target | null} target */
  function place(target, reach = rowsAround()) {
    size = scroller.clientHeight;
    pending = size === 0 ? target : undefined;
    if (size === 0) return;
    const at = target === null ? -1 : (places.get(target.key) ?? -1);
    const offset = () => target?.offset ?? Math.max(0, (size - heights.top(at + 1) + heights.top(at)) / 2);
    for (let round = 0; round < 3; round += 1) {
      const top = at < 0 ? heights.total() - size : heights.top(at) - offset();
      const isEnough =
        heights.top(first) <= Math.max(0, top) && heights.top(end) >= Math.min(heights.total(), top + size);
      if (round === 0 || !isEnough) render(top, reach);
    }
    settle(at, at < 0 ? 0 : offset());
    look();
  }

  /**
   * Set the spaces around the rows, and hold a row at its distance. `at` below 0: hold the end.
   * @param {number} at
   * @param {number} offset
   */
  function settle(at, offset) {
    below.style.setProperty("height", `${heights.total() - heights.top(end)}px`);
    if (at < 0) {
      setSpaceAbove(heights.top(first));
      scroller.scrollTop = scroller.scrollHeight;
      ownTop = scroller.scrollTop;
      return;
    }
    const height = spaceAbove - (offsetOf(at) - offset);
    if (movement.isGoingOn() && first > 0 && height > 0) {
      setSpaceAbove(height);
      return;
    }
    setSpaceAbove(heights.top(first));
    const wrong = offsetOf(at) - offset;
    if (Math.abs(wrong) >= 0.5) scroller.scrollTop += wrong;
    ownTop = scroller.scrollTop;
  }

  /** The anchor that is still there, or null for the end. */
  function hold() {
    if (isAtEnd && isFollowing) return null;
    return anchors.find((anchor) => places.has(anchor.key)) ?? null;
  }

  /** Remember which rows are in view, and where. */
  function look() {
    size = scroller.clientHeight;
    seenTop = scroller.scrollTop;
    isAtEnd = scroller.scrollHeight - scroller.scrollTop - size < NEAR_PX;
    const start = heights.top(first) - rowsOffset();
    anchors = items.length === 0 ? [] : rowsInView({heights, items, key, isSteady}, start, size);
  }

  /** A movement of the user counts before its event comes: holding the view as it was would undo it. */
  function notice() {
    if (scroller.clientHeight !== size || Math.abs(scroller.scrollTop - seenTop) < 1) return;
    movement.note();
    look();
  }

  function lacksRows() {
    const offset = rowsOffset();
    const height = heights.top(end) - heights.top(first);
    return (first > 0 && offset > -size / 2) || (end < items.length && offset + height < 1.5 * size);
  }

  function onscroll() {
    if (size > 0 && scroller.clientHeight !== size) return; // the observer of sizes runs next, with the place as it was
    const isOwn = Math.abs(scroller.scrollTop - ownTop) < 1;
    if (!isOwn) movement.note();
    ownTop = -1;
    look();
    if (!isOwn && lacksRows()) place(hold());
    onView();
    movement.rest();
  }

  function onRest() {
    notice();
    if (movement.isGoingOn()) movement.rest();
    else if (Math.abs(drift) > 0.5 || lacksRows()) place(hold());
  }

  /** Show what has waited for a size of the view. Returns whether it did. */
  function showPending() {
    if (pending === undefined || signal.aborted || scroller.clientHeight === 0) return false;
    place(pending);
    movement.rest();
    onView();
    return true;
  }

  /** A row or the view has another size than was known. @param {ResizeObserverEntry} entry */
  function isNews({target, borderBoxSize}) {
    const name = elements.keyOf(target);
    if (name === undefined) return scroller.clientHeight !== size;
    return target.isConnected && heights.set(name, borderBoxSize[0].blockSize);
  }

  const sizes = new ResizeObserver((entries) => {
    const isChanged = entries.filter(isNews).length > 0;
    if (!showPending() && isChanged && size > 0) {
      const held = hold();
      settle(held === null ? -1 : (places.get(held.key) ?? -1), held?.offset ?? 0);
      look();
      movement.rest(); // rows are not made here: their observers would have to run again
      onView();
    }
  });
  sizes.observe(scroller);
  scroller.addEventListener("scroll", onscroll, {signal, passive: true});
  signal.addEventListener("abort", () => sizes.disconnect());

  /** Show a row or the end, whatever the view was. @param {Target | null} target */
  function bring(target) {
    movement.forget();
    place(target);
    onView();
  }

  /**
   * Bring a row to a distance from the upper edge, or into the middle of the view.
   * @param {string} name
   * @param {number} [offset]
   */
  function scrollTo(name, offset) {
    if (places.has(name)) bring({key: name, offset});
  }

  return {
    /**
     * Show these items. The view stays, or shows the target.
     * @param {readonly T[]} next
     * @param {{follows: boolean, target?: Target}} how `follows`: at the end, stay there when more are added.
     */
    show(next, {follows, target}) {
      notice();
      isFollowing = follows;
      items = next;
      const names = next.map(key);
      places = new Map(names.map((name, at) => [name, at]));
      heights.setKeys(names);
      if (target) movement.forget();
      place(target ?? (pending === undefined ? hold() : pending));
      if (pending !== undefined) queueMicrotask(showPending); // the list is about to come into the page
      movement.rest();
      onView();
    },

    scrollTo,

    /** Scroll no further than needed to show the whole row. @param {string} name */
    reveal(name) {
      const at = places.get(name);
      if (at === undefined) return;
      const [top, height] = [offsetOf(at), heights.top(at + 1) - heights.top(at)];
      const offset = Math.max(0, Math.min(top, size - height));
      if (!elements.get(name) || Math.abs(offset - top) > 0.5) scrollTo(name, offset);
    },

    scrollToEnd: () => bring(null),

    isAtEnd: () => isAtEnd,

    /** The anchor of the view, to return to it. */
    anchor: () => anchors[0],

    /** @returns {Seen<T>[]} The rows in view, from the top. */
    inView() {
      const seen = anchors.flatMap(({key: name, offset: top}) => {
        const at = places.get(name);
        return at === undefined ? [] : [{item: items[at], top, bottom: top + heights.top(at + 1) - heights.top(at)}];
      });
      return seen.sort((one, other) => one.top - other.top);
    },

    /** The element of a row, if it is in the window. @param {string} name */
    element: elements.get,
    /** The key of the row that holds an element. @param {Element} element */
    keyAt: elements.keyAround,
  };
}
