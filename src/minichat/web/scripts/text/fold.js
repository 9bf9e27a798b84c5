/**
 * Folds text for a search by people: case, width and the marks of letters do not matter, as on the server. Pure.
 */

/** Letters whose marks are no letters of their own, as in é, ё, ΐ, أ. In other scripts marks matter. */
const MARKED = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Arabic}\p{Script=Hebrew}])\p{M}+/gu;
const PLAIN = /** @type {Record<string, string>} */ ({
  đ: "d",
  ð: "d",
  ħ: "h",
  ł: "l",
  ø: "o",
  ŧ: "t",
  æ: "ae",
  œ: "oe",
  ı: "i",
  ß: "ss",
  ς: "σ",
});

/** @param {string} text */
export function fold(text) {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(MARKED, "$1")
    .replace(/[đðħłøŧæœıßς]/g, (letter) => PLAIN[letter])
    .normalize("NFC");
}

/**
 * The words of a search, in any order, are parts of the text.
 * @param {string} text
 * @param {string} wanted
 */
export function matches(text, wanted) {
  const folded = fold(text);
  return fold(wanted)
    .split(/\s+/)
    .every((word) => folded.includes(word));
}

/**
 * How well a name fits a search, for an order: the same, then begins with it, then a word of it begins with it, then any
 * other place. Infinity if it does not fit.
 * @param {string} name
 * @param {string} wanted
 */
export function rank(name, wanted) {
  const [folded, part] = [fold(name), fold(wanted.trim())];
  if (!matches(name, wanted)) return Infinity;
  if (folded === part) return 0;
  if (folded.startsWith(part)) return 1;
  return folded.split(/[\s_.-]+/).some((word) => word.startsWith(part)) ? 2 : 3;
}
