/**
 * Claims of tabs: of all tabs of a browser, one gets a claim. A closed tab loses what it holds. Pages without TLS have no
 * locks; there the claims are in the storage, and a short random wait decides. It knows nothing of what is claimed.
 */

/** @typedef {import("./local.js").Local} Local */

const KEY = "claims";
const KEPT = 20;
const LONGEST_WAIT_MS = 300;

/**
 * @param {Local} local
 * @param {LockManager | undefined} [locks]
 */
export function makeClaims(local, locks = globalThis.navigator?.locks) {
  /**
   * Take a claim for a time. Resolves to false if another tab has it.
   * @param {string} name
   * @param {number} milliseconds
   * @returns {Promise<boolean>}
   */
  async function take(name, milliseconds) {
    if (!locks) return takeStored(name);
    return new Promise((resolve) => {
      locks
        .request(name, {ifAvailable: true}, (lock) => {
          resolve(lock !== null);
          return lock && new Promise((release) => setTimeout(release, milliseconds));
        })
        .catch(() => resolve(true)); // the browser refuses locks to this page: be as if alone
    });
  }

  /** @param {string} name */
  async function takeStored(name) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_WAIT_MS));
    const taken = local.get(KEY, /** @type {string[]} */ ([]));
    if (taken.includes(name)) return false;
    local.set(KEY, [...taken, name].slice(-KEPT));
    return true;
  }

  /**
   * Hold a sign that other tabs see, until the signal aborts. Several tabs may hold it.
   * @param {string} name
   * @param {AbortSignal} signal
   */
  function hold(name, signal) {
    if (signal.aborted) return;
    const released = new Promise((resolve) => signal.addEventListener("abort", resolve, {once: true}));
    locks?.request(name, {mode: "shared"}, () => released).catch(() => {});
  }

  /**
   * Another tab, or this one, holds the sign.
   * @param {string} name
   */
  async function isHeld(name) {
    const {held = []} = (await locks?.query().catch(() => null)) ?? {};
    return held.some((lock) => lock.name === name);
  }

  return {take, hold, isHeld};
}
