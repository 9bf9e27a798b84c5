/**
 * Messages between the tabs of a browser. Without BroadcastChannel every tab runs as if it were alone. It knows nothing of
 * what they say.
 *
 * @typedef {object} Channel
 * @property {(message: unknown) => void} post To all other tabs.
 * @property {(run: (message: any) => void) => () => void} listen Returns a function that ends it.
 */

/**
 * @param {string} name
 * @returns {Channel}
 */
export function openChannel(name) {
  /** @type {BroadcastChannel | null} */
  let channel = null;
  try {
    channel = new BroadcastChannel(name);
    /** @type {any} */ (channel).unref?.(); // outside of browsers, an open channel would keep the process alive
  } catch {
    // This browser has none for this page.
  }
  /** @type {Set<(message: any) => void>} */
  const listeners = new Set();
  if (channel) {
    channel.onmessage = ({data}) => {
      for (const run of [...listeners]) run(data);
    };
  }
  return {
    post: (message) => channel?.postMessage(message),
    listen(run) {
      listeners.add(run);
      return () => listeners.delete(run);
    },
  };
}
