/**
 * Locks between the tabs of a browser. Pages without TLS have none; there every tab runs as if it were alone.
 */

/**
 * Run while no other tab runs under the same name.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} run
 * @returns {Promise<T>}
 */
export async function exclusively(name, run) {
  const {locks} = globalThis.navigator ?? {};
  if (!locks) return run();
  let isGranted = false;
  try {
    return await locks.request(name, () => {
      isGranted = true;
      return run();
    });
  } catch (error) {
    if (isGranted) throw error;
    return run(); // the browser refuses locks to this page
  }
}
