/**
 * Waiting before another attempt: longer each time, random so that the clients of a restarted server do not all return at
 * the same moment.
 */

const LONGEST_MS = 30_000;

/**
 * @param {number} attempt 0 for the first.
 * @param {number} retryAfter Seconds that the server asks for.
 * @param {() => number} [random]
 */
export function delayMs(attempt, retryAfter, random = Math.random) {
  return retryAfter * 1_000 + random() * Math.min(LONGEST_MS, 1_000 * 2 ** attempt);
}

/**
 * Wait, at most until one of the signals aborts.
 * @param {number} milliseconds
 * @param {...AbortSignal} signals
 * @returns {Promise<void>}
 */
export function pause(milliseconds, ...signals) {
  return new Promise((resolve) => {
    if (signals.some((signal) => signal.aborted)) return resolve();
    const timer = setTimeout(finish, milliseconds);
    function finish() {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", finish);
      resolve();
    }
    for (const signal of signals) signal.addEventListener("abort", finish);
  });
}
