/**
 * The user's movement of a list: whether it goes on, and what to do when it has ended. It knows nothing of the list.
 */

/** A pause this long ends a movement. */
const REST_MS = 150;

/**
 * @param {() => void} onRest
 * @param {AbortSignal} signal
 */
export function makeMovement(onRest, signal) {
  let movedAt = Number.NEGATIVE_INFINITY;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  signal.addEventListener("abort", () => clearTimeout(resting));

  return {
    /** The user has moved the list. */
    note() {
      movedAt = performance.now();
    },

    /** What comes next is no movement of the user. */
    forget() {
      movedAt = Number.NEGATIVE_INFINITY;
    },

    isGoingOn: () => performance.now() - movedAt < REST_MS,

    /** Run `onRest` after a pause. */
    rest() {
      clearTimeout(resting);
      resting = setTimeout(onRest, REST_MS);
    },
  };
}
