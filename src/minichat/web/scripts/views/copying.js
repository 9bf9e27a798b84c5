/**
 * Copies text. The clipboard is there on pages with TLS and on this machine only, so an older way stands behind it.
 */
import {h} from "../ui/dom.js";

/**
 * @param {string} text
 * @returns {Promise<boolean>} Whether it is copied.
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const held = /** @type {HTMLElement | null} */ (document.activeElement);
  const area = h("textarea", {class: "only-heard", "aria-hidden": true, tabindex: -1, value: text});
  (held?.closest("dialog") ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  held?.focus();
  return isCopied;
}
