/**
 * Modules and data that the page loads when they are first needed. After an upgrade, the server no longer has those of
 * an open page. Then this offers to load the page again. It does not know what it loads.
 */
import {t} from "../texts/texts.js";
import {toast} from "./toast.js";

/**
 * Request the files of the chat before they are imported: the server lists them in the page. Otherwise the browser would
 * request one after the other.
 */
export function requestListed() {
  const links = /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll('link[rel="later"]'));
  for (const link of links) link.rel = "modulepreload";
}

/**
 * Return what `load` loads, or null if it can't be loaded, after a notice to the user.
 *
 *     const picker = await later(() => import("./emoji_picker.js"));
 *
 * @template T
 * @param {() => Promise<T>} load
 * @returns {Promise<T | null>}
 */
export async function later(load) {
  try {
    return await load();
  } catch {
    if (navigator.onLine) {
      const action = {label: t("app.reload"), run: () => location.reload()};
      toast(t("app.not_loaded"), {isProblem: true, action});
    } else {
      toast(t("error.unreachable"), {isProblem: true});
    }
    return null;
  }
}
