/**
 * Where the time and the ticks of a message stand: beside the end of its text if that is possible, else below. The style
 * keeps room for them after the last word, so that they never cover it.
 */

/** Text that may end at the left, where the time would be in its way. */
const RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFF]/;

/**
 * @param {HTMLElement} row
 * @param {HTMLElement} body
 * @param {HTMLElement} meta
 * @param {{isApart?: boolean}} [options] isApart: something stands between the text and the time.
 */
export function placeMeta(row, body, meta, {isApart = false} = {}) {
  const last = body.querySelector(":scope > .texts:not(.is-emoji) > :last-child");
  const isText = last?.classList.contains("text") === true && !RIGHT_TO_LEFT.test(last.textContent ?? "");
  const isDeleted = row.classList.contains("is-deleted");
  row.classList.toggle("is-beside", (isText || isDeleted) && !isApart);
  const parts = [...meta.children];
  const words = parts.filter((part) => part.querySelector(".icon") === null).map((part) => part.textContent);
  row.style.setProperty("--meta-words", JSON.stringify(words.join(" ")));
  row.style.setProperty("--meta-icons", String(parts.length - words.length));
}
