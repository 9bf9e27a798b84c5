/**
 * Small values that survive a reload, as JSON in localStorage. No function throws: with blocked or full storage the
 * values live in memory until the page closes. It knows nothing of what it keeps.
 */

/**
 * @typedef {object} Local
 * @property {<T>(key: string, otherwise: T) => T} get
 * @property {(key: string, value: unknown) => void} set
 * @property {(key: string) => void} remove
 * @property {(keep?: string[]) => void} wipe Remove all that minichat has stored, except the keys in `keep`.
 * @property {() => string[]} keys
 */

const PREFIX = "minichat:";

/**
 * @param {() => Storage} [open] Returns the browser's storage. May throw.
 * @returns {Local}
 */
export function makeLocal(open = () => globalThis.localStorage) {
  /** What the browser's storage has refused. @type {Map<string, string>} */
  const memory = new Map();

  /**
   * @template T
   * @param {(storage: Storage) => T} use
   * @param {T} otherwise
   */
  function attempt(use, otherwise) {
    try {
      return use(open());
    } catch {
      return otherwise;
    }
  }

  function keys() {
    const stored = attempt((storage) => Object.keys(storage).filter((key) => key.startsWith(PREFIX)), []);
    return [...new Set([...stored, ...memory.keys()])].map((key) => key.slice(PREFIX.length));
  }

  /** @param {string} key */
  function remove(key) {
    memory.delete(PREFIX + key);
    attempt((storage) => storage.removeItem(PREFIX + key), undefined);
  }

  return {
    get(key, otherwise) {
      const text = memory.get(PREFIX + key) ?? attempt((storage) => storage.getItem(PREFIX + key), null);
      if (text === null) return otherwise;
      try {
        return JSON.parse(text);
      } catch {
        return otherwise;
      }
    },
    set(key, value) {
      const text = JSON.stringify(value);
      const isStored = attempt((storage) => {
        storage.setItem(PREFIX + key, text);
        return true;
      }, false);
      if (isStored) memory.delete(PREFIX + key);
      else memory.set(PREFIX + key, text);
    },
    remove,
    wipe(keep = []) {
      for (const key of keys()) if (!keep.includes(key)) remove(key);
    },
    keys,
  };
}
