/**
 * The arithmetic of a long list of which only a window is shown: how far down each row begins, and which rows a part of
 * the list holds. Rows that were never shown count with the average height. Pure: it knows no element.
 *
 * @typedef {ReturnType<typeof makeHeights>} Heights
 */

/** So many known heights make an average. */
const ENOUGH = 10;

/** @param {number} estimate The height of a row, as long as hardly any is known. */
export function makeHeights(estimate) {
  /** @type {Map<string, number>} */
  const known = new Map();
  /** @type {readonly string[]} */
  let keys = [];
  let sum = 0;
  let tops = new Float64Array(1);
  let isStale = false;

  function fresh() {
    if (!isStale) return tops;
    isStale = false;
    if (tops.length !== keys.length + 1) tops = new Float64Array(keys.length + 1);
    const average = known.size < ENOUGH ? estimate : sum / known.size;
    for (let place = 0; place < keys.length; place += 1) {
      tops[place + 1] = tops[place] + (known.get(keys[place]) ?? average);
    }
    return tops;
  }

  return {
    /** The rows, from the top. @param {readonly string[]} next */
    setKeys(next) {
      keys = next;
      isStale = true;
    },

    /** The height of a row. Returns whether it is another one than before. @param {string} key @param {number} height */
    set(key, height) {
      const before = known.get(key);
      if (before !== undefined && Math.abs(before - height) < 0.01) return false;
      sum += height - (before ?? 0);
      known.set(key, height);
      isStale = true;
      return true;
    },

    /** How far down a row begins. The place after the last row is the end. @param {number} place */
    top: (place) => fresh()[place],

    /** The height of all rows. */
    total: () => fresh()[keys.length],

    /** The place of the row at a distance from the top; the first or the last one beyond them. @param {number} distance */
    at(distance) {
      const all = fresh();
      let low = 0;
      let high = keys.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (all[middle] <= distance) low = middle;
        else high = middle - 1;
      }
      return Math.max(0, low);
    },

    /** The number of rows. */
    count: () => keys.length,
  };
}

/**
 * The rows to show for a part of the list, at most `most` of them: then those around its middle.
 * @param {Heights} heights
 * @param {number} from The distance from the top.
 * @param {number} to
 * @param {number} most
 * @returns {{first: number, end: number}} `end` is the place after the last.
 */
export function rowsBetween(heights, from, to, most) {
  const count = heights.count();
  if (count === 0) return {first: 0, end: 0};
  const first = heights.at(from);
  const end = heights.at(to) + 1;
  if (end - first <= most) return {first, end};
  const middle = heights.at((from + to) / 2);
  const start = Math.max(0, Math.min(middle - (most >> 1), count - most));
  return {first: start, end: Math.min(count, start + most)};
}
