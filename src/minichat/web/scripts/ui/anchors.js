/**
 * The rows of a long list that are in view, and which of them holds the view when others appear, leave or change their
 * height. Pure: it knows no element.
 *
 * @typedef {object} Anchor
 * @property {string} key
 * @property {number} offset From the upper edge of the view.
 * @property {boolean} isSteady The row stays between its neighbours.
 */

/**
 * @template T
 * @param {object} list
 * @param {import("./row_heights.js").Heights} list.heights
 * @param {readonly T[]} list.items At least one.
 * @param {(item: T) => string} list.key
 * @param {(item: T) => boolean} list.isSteady
 * @param {number} start The distance of the view from the top of the list.
 * @param {number} size The height of the view.
 * @returns {Anchor[]} The best anchor first.
 */
export function rowsInView({heights, items, key, isSteady}, start, size) {
  const rows = [];
  for (let at = heights.at(start); at < items.length && heights.top(at) - start < size; at += 1) {
    rows.push({key: key(items[at]), offset: heights.top(at) - start, isSteady: isSteady(items[at])});
  }
  return rows.sort((one, other) => weakness(one) - weakness(other));
}

/** A row that begins above the edge may change where nobody sees it. @param {Anchor} row */
function weakness({offset, isSteady}) {
  return (isSteady ? 0 : 2) + (offset < 0 ? 1 : 0);
}
