/**
 * Small values that survive a reload, as JSON in localStorage. No function throws: if that is full, a value lives in the
 * storage of the tab, which has room of its own; with blocked storage in memory, until the page closes. It knows nothing
 * of the values.
 */

/**
 * @typedef {object} Local
 * @property {<T>(key: string, otherwise: T) => T} get
 * @property {(key: string, value: unknown) => void} set
 * @property {(key: string) => void} remove
 * @property {(keep?: string[]) => void} wipe Remove all that minichat has stored, except the keys in `keep`.
 * @property {() => void} forget Remove what is in this tab alone, after another tab has wiped the rest.
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
 * @param {() => Storage} [openTab] Returns the storage of the tab. May throw.
 * @returns {Local}
 */
export function makeLocal(
  open = () => globalThis.localStorage,
  page = globalThis,
  openTab = () => globalThis.sessionStorage,
) {
  /** Values that both storages have refused. @type {Map<string, string>} */
  const memory = new Map();

  /**
   * @template T
   * @param {(storage: Storage) => T} use
   * @param {T} otherwise
   * @param {() => Storage} [from]
   */
  function attempt(use, otherwise, from = open) {
    try {
      return use(from());
    } catch {
      return otherwise;
    }
  }

  /** @param {Storage} storage */
  const ours = (storage) => Object.keys(storage).filter((key) => key.startsWith(PREFIX));

  function keys() {
    const stored = [...attempt(ours, []), ...attempt(ours, [], openTab), ...memory.keys()];
    return [...new Set(stored)].map((key) => key.slice(PREFIX.length));
  }

  /** @param {string} key */
  function removeHere(key) {
    memory.delete(PREFIX + key);
    attempt((storage) => storage.removeItem(PREFIX + key), undefined, openTab);
  }

  /** @param {string} key */
  function remove(key) {
    removeHere(key);
    attempt((storage) => storage.removeItem(PREFIX + key), undefined);
  }

  return {
    get(key, otherwise) {
      const read = (/** @type {Storage} */ storage) => storage.getItem(PREFIX + key);
      const text = memory.get(PREFIX + key) ?? attempt(read, null, openTab) ?? attempt(read, null);
      return parsed(text) ?? otherwise;
    },
    set(key, value) {
      const text = JSON.stringify(value);
      const write = (/** @type {Storage} */ storage) => {
        storage.setItem(PREFIX + key, text);
        return true;
      };
      if (attempt(write, false) || attempt(writeAnew, false)) removeHere(key);
      else if (attempt(write, false, openTab)) memory.delete(PREFIX + key);
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
    forget() {
      for (const key of [...attempt(ours, [], openTab), ...memory.keys()]) removeHere(key.slice(PREFIX.length));
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
