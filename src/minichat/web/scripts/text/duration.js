/**
 * A number of seconds as people say it: 30 seconds, 5 minutes, 7 days. Pure.
 */

const UNITS = /** @type {const} */ ([
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
]);

/**
 * In the largest unit that divides it.
 * @param {number} seconds
 * @param {string} language
 */
export function duration(seconds, language) {
  const [unit, length] = UNITS.find(([, size]) => seconds % size === 0 && seconds > 0) ?? UNITS[3];
  return new Intl.NumberFormat(language, {style: "unit", unit, unitDisplay: "long"}).format(seconds / length);
}
