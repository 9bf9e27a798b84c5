/**
 * The texts of the page in the user's language: `t("key", {values})`. Numbers choose the plural form by the value
 * `count`. The files en.js and ru.js hold the sentences.
 *
 * @typedef {string | Partial<Record<Intl.LDMLPluralRule, string>> & {other: string}} Text
 * @typedef {keyof typeof import("./en.js").default} TextKey
 * @typedef {Record<TextKey, Text>} Texts
 * @typedef {"en" | "ru"} Language
 */

/** @type {readonly Language[]} */
export const LANGUAGES = ["en", "ru"];

/** @type {Texts} */
let texts;
/** @type {Language} */
let current = "en";
/** @type {Intl.PluralRules} */
let plurals;

/** The language of the texts. */
export function language() {
  return current;
}

/**
 * Load the texts of a language, and name it to the browser and to screen readers.
 * @param {Language} wanted
 */
export async function useLanguage(wanted) {
  texts = (await (wanted === "ru" ? import("./ru.js") : import("./en.js"))).default;
  current = wanted;
  plurals = new Intl.PluralRules(wanted);
  if (globalThis.document) document.documentElement.lang = wanted;
}

/**
 * The language to use.
 * @param {"system" | Language} chosen
 * @param {readonly string[]} preferred The browser's languages, best first.
 * @returns {Language}
 */
export function chooseLanguage(chosen, preferred) {
  if (chosen !== "system") return chosen;
  for (const tag of preferred) {
    const known = LANGUAGES.find((one) => tag.toLowerCase().split("-")[0] === one);
    if (known) return known;
  }
  return "en";
}

/**
 * The text of a key, with `{name}` replaced by the value of that name.
 * @param {TextKey} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const text = texts[key];
  const form = typeof text === "string" ? text : (text[plurals.select(Number(values.count))] ?? text.other);
  return form.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? value.toLocaleString(current) : value;
  });
}
