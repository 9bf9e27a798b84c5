/**
 * The one store: an immutable state, replaced by pure functions, watched by the views. It knows nothing of what the state
 * holds.
 */

/**
 * @template S
 * @typedef {object} Store
 * @property {() => S} get
 * @property {(change: (state: S) => S) => void} update
 * @property {<T>(select: (state: S) => T, run: (value: T, previous: T | undefined) => void, signal: AbortSignal) => void} watch
 *   Run at once, and later when the selected value is another one (by Object.is). Changes within one task are batched.
 *   Ends with the signal. `select` must return a part of the state, or a memoized value: a new object is a change.
 */

/**
 * @template S
 * @param {S} state
 * @returns {Store<S>}
 */
export function makeStore(state) {
  /** @type {Set<() => void>} */
  const watchers = new Set();
  let isPlanned = false;

  function notify() {
    isPlanned = false;
    for (const check of [...watchers]) if (watchers.has(check)) check();
  }

  return {
    get: () => state,

    update(change) {
      const next = change(state);
      if (Object.is(next, state)) return;
      state = next;
      if (isPlanned) return;
      isPlanned = true;
      queueMicrotask(notify);
    },

    watch(select, run, signal) {
      if (signal.aborted) return;
      let value = select(state);
      const check = () => {
        const next = select(state);
        if (Object.is(next, value)) return;
        const previous = value;
        value = next;
        try {
          run(next, previous);
        } catch (error) {
          globalThis.reportError?.(error); // one broken view must not stop the others
        }
      };
      watchers.add(check);
      signal.addEventListener("abort", () => watchers.delete(check), {once: true});
      run(value, undefined);
    },
  };
}

/**
 * Remember the last result of `compute`, as long as its arguments are the same objects.
 * @template {unknown[]} A
 * @template R
 * @param {(...values: A) => R} compute
 * @returns {(...values: A) => R}
 */
export function memo(compute) {
  /** @type {A | null} */
  let last = null;
  /** @type {R} */
  let result;
  return (...values) => {
    if (last === null || last.some((value, place) => !Object.is(value, values[place]))) {
      result = compute(...values);
      last = values;
    }
    return result;
  };
}
