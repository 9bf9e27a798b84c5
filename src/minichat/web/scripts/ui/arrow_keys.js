/**
 * A list with one stop for Tab: the arrow keys, Home and End move between its rows.
 */

/**
 * @param {HTMLElement} list
 * @param {string} selector Of what gets the focus, one in each row.
 * @returns {{refresh: () => void, focusFirst: () => boolean}} `refresh`: the rows have changed.
 */
export function arrowKeys(list, selector) {
  const rows = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll(selector)]);

  function refresh() {
    const all = rows();
    const stop = all.find((row) => row === document.activeElement) ?? all.find((row) => row.ariaCurrent) ?? all[0];
    for (const row of all) row.tabIndex = row === stop ? 0 : -1;
  }

  list.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const all = rows();
    const place = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const moves = /** @type {Record<string, number>} */ ({
      ArrowDown: place + 1,
      ArrowUp: place - 1,
      Home: 0,
      End: all.length - 1,
    });
    const next = all[moves[event.key]];
    if (place < 0 || !next) return;
    event.preventDefault();
    next.focus();
  });
  list.addEventListener("focusin", refresh);
  return {
    refresh,
    focusFirst() {
      const [first] = rows();
      first?.focus();
      return first !== undefined;
    },
  };
}
