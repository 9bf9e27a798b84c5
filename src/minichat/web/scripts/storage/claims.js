/**
 * Claims of tabs: of all tabs of a browser, one gets a claim. A closed tab loses what it holds. Pages without TLS have no
 * locks; there the claims are in the storage until they expire, and a short random wait decides. It knows nothing of what
 * is claimed.
 */

/** @typedef {import("./local.js").Local} Local */
/** @typedef {Record<string, number>} Stored When each claim expires, in milliseconds since the epoch. */

const KEY = "claims";
const LONGEST_WAIT_MS = 300;
/** How long a sign in the storage outlives its tab. */
const SIGN_MS = 6_000;

/**
 * @param {Local} local
 * @param {LockManager | null} [locks]
 */
export function makeClaims(local, locks = globalThis.navigator?.locks ?? null) {
  /**
   * Take a claim for a time. Resolves to false if another tab has it.
   * @param {string} name
   * @param {number} milliseconds
   * @returns {Promise<boolean>}
   */
  async function take(name, milliseconds) {
    if (!locks) return takeStored(name, milliseconds);
    return new Promise((resolve) => {
      locks
        .request(name, {ifAvailable: true}, (lock) => {
          resolve(lock !== null);
          return lock && new Promise((release) => setTimeout(release, milliseconds));
        })
        .catch(() => resolve(true)); // the browser refuses locks to this page: be as if alone
    });
  }

  /**
   * @param {string} name
   * @param {number} milliseconds
   */
  async function takeStored(name, milliseconds) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_WAIT_MS));
    if (isStored(name)) return false;
    store(name, milliseconds);
    return true;
  }

  /** @param {string} name */
  function isStored(name) {
    return (local.get(KEY, /** @type {Stored} */ ({}))[name] ?? 0) > Date.now();
  }

  /**
   * @param {string} name
   * @param {number} milliseconds
   */
  function store(name, milliseconds) {
    const now = Date.now();
    const valid = Object.entries(local.get(KEY, /** @type {Stored} */ ({}))).filter(([, until]) => until > now);
    local.set(KEY, {...Object.fromEntries(valid), [name]: now + milliseconds});
  }

  /**
   * Hold a sign that other tabs see, until the signal aborts. Several tabs may hold it.
   * @param {string} name
   * @param {AbortSignal} signal
   */
  function hold(name, signal) {
    if (signal.aborted) return;
    if (!locks) return holdStored(name, signal);
    const released = new Promise((resolve) => signal.addEventListener("abort", resolve, {once: true}));
    locks.request(name, {mode: "shared"}, () => released).catch(() => {});
  }

  /**
   * @param {string} name
   * @param {AbortSignal} signal
   */
  function holdStored(name, signal) {
    store(name, SIGN_MS);
    const timer = setInterval(() => store(name, SIGN_MS), SIGN_MS / 2);
    signal.addEventListener("abort", () => {
      clearInterval(timer);
      const {[name]: _released, ...others} = local.get(KEY, /** @type {Stored} */ ({}));
      if (Object.keys(others).length > 0) local.set(KEY, others);
      else local.remove(KEY); // a log-out must find nothing more to wipe
    });
  }

  /**
   * Another tab, or this one, holds the sign.
   * @param {string} name
   */
  async function isHeld(name) {
    if (!locks) return isStored(name);
    const {held = []} = (await locks.query().catch(() => null)) ?? {};
    return held.some((lock) => lock.name === name);
  }

  return {take, hold, isHeld};
}
