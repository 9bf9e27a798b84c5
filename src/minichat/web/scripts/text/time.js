/**
 * Times as people read them, in a language and in the time zone of the browser. Pure functions only.
 */

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * @param {string} language
 * @param {Intl.DateTimeFormatOptions} options
 */
function format(language, options) {
  const key = language + JSON.stringify(options);
  const known = formats.get(key) ?? new Intl.DateTimeFormat(language, options);
  formats.set(key, known);
  return known;
}

/**
 * 14:05
 * @param {number} time In milliseconds since the epoch.
 * @param {string} language
 */
export function clock(time, language) {
  return format(language, {hour: "2-digit", minute: "2-digit", hourCycle: "h23"}).format(time);
}

/**
 * 24 November, with the year if it is another one.
 * @param {number} time
 * @param {string} language
 * @param {number} now
 */
export function day(time, language, now) {
  const isThisYear = new Date(time).getFullYear() === new Date(now).getFullYear();
  return format(language, {day: "numeric", month: "long", ...(!isThisYear && {year: "numeric"})}).format(time);
}

/**
 * The whole date and time.
 * @param {number} time
 * @param {string} language
 */
export function full(time, language) {
  return format(language, {dateStyle: "long", timeStyle: "short", hourCycle: "h23"}).format(time);
}

/**
 * How many calendar days ago: 0 for today, 1 for yesterday.
 * @param {number} time
 * @param {number} now
 */
export function daysAgo(time, now) {
  const [then, today] = [new Date(time), new Date(now)].map((date) =>
    Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()),
  );
  return Math.round((today - then) / 86_400_000);
}

/**
 * As short as a list needs it: 14:05, Mon, 24 Nov, 24/11/2025.
 * @param {number} time
 * @param {string} language
 * @param {number} now
 */
export function short(time, language, now) {
  const days = daysAgo(time, now);
  if (days <= 0) return clock(time, language);
  if (days < 7) return format(language, {weekday: "short"}).format(time);
  if (new Date(time).getFullYear() === new Date(now).getFullYear()) {
    return format(language, {day: "numeric", month: "short"}).format(time);
  }
  return format(language, {dateStyle: "short"}).format(time);
}
