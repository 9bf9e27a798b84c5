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
 * @property {(run: (key: string, value: any, old: any) => void, signal: AbortSignal) => void} watch Run when another tab
 *   has set a value, or has removed it (null).
 */

const PREFIX = "minichat:";

/** @param {string | null} text */
function parsed(text) {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * @param {() => Storage} [open] Returns the browser's storage. May throw.
 * @param {Partial<Pick<EventTarget, "addEventListener">>} [page] Gets the events "storage".
 * @returns {Local}
 */
export function makeLocal(open = () => globalThis.localStorage, page = globalThis) {
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
      return parsed(text) ?? otherwise;
    },
    set(key, value) {
      const text = JSON.stringify(value);
      const write = (/** @type {Storage} */ storage) => {
        storage.setItem(PREFIX + key, text);
        return true;
      };
      if (attempt(write, false) || attempt(writeAnew, false)) memory.delete(PREFIX + key);
      else memory.set(PREFIX + key, text);

      /** In a full storage, an old value must not stay in the place of the new one. @param {Storage} storage */
      function writeAnew(storage) {
        storage.removeItem(PREFIX + key);
        return write(storage);
      }
    },
    remove,
    wipe(keep = []) {
      for (const key of keys()) if (!keep.includes(key)) remove(key);
    },
    keys,
    watch(run, signal) {
      const onStorage = (/** @type {any} */ {key, newValue, oldValue}) => {
        if (key?.startsWith(PREFIX)) run(key.slice(PREFIX.length), parsed(newValue), parsed(oldValue));
      };
      page.addEventListener?.("storage", onStorage, {signal});
    },
  };
}
