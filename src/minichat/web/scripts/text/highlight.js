/**
 * Which parts of a message a search has found. Close to the rule of the server: each word of the query is the beginning of
 * a word of the text after the search fold, or stands anywhere in scripts without spaces. Pure functions only.
 *
 * @typedef {{text: string, isHit: boolean}} Part
 */
import {fold} from "./fold.js";

const WORDS = /[\p{L}\p{N}\p{M}]+|\p{Extended_Pictographic}/gu;
const LETTER = /[\p{L}\p{N}\p{M}]/u;
const WITHOUT_SPACES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const LETTERS_WITH_MARKS = /\P{M}\p{M}*|\p{M}+/gu;
const BEFORE = 40;

/**
 * Split a text at what the query has found.
 * @param {string} text
 * @param {string} query
 * @returns {Part[]}
 */
export function highlight(text, query) {
  const letters = text.match(LETTERS_WITH_MARKS) ?? [];
  const hits = hitLetters(letters, fold(query).match(WORDS) ?? []);
  /** @type {Part[]} */
  const parts = [];
  letters.forEach((letter, place) => {
    const last = parts.at(-1);
    if (last && last.isHit === hits[place]) last.text += letter;
    else parts.push({text: letter, isHit: hits[place]});
  });
  return parts;
}

/**
 * @param {readonly string[]} letters
 * @param {readonly string[]} words
 */
function hitLetters(letters, words) {
  const hits = letters.map(() => false);
  let folded = "";
  /** The letter that each unit of the folded text is from. @type {number[]} */
  const origins = [];
  letters.forEach((letter, place) => {
    const one = fold(letter);
    folded += one;
    for (let unit = 0; unit < one.length; unit += 1) origins.push(place);
  });
  for (const word of words) {
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + word.length)) {
      const isBeginning = at === 0 || !LETTER.test(folded[at - 1]) || WITHOUT_SPACES.test(word);
      if (!isBeginning) continue;
      for (let unit = at; unit < at + word.length; unit += 1) hits[origins[unit]] = true;
    }
  }
  return hits;
}

/**
 * The parts from shortly before the first hit, on one line.
 * @param {string} text
 * @param {string} query
 * @param {number} length
 * @returns {Part[]}
 */
export function excerpt(text, query, length) {
  const line = text.replace(/\s+/g, " ").trim();
  const parts = highlight(line, query);
  const start = parts[0]?.isHit === false ? parts[0].text.length : 0;
  const cut = parts.length > 1 && start > BEFORE ? line.lastIndexOf(" ", start - BEFORE / 2) + 1 : 0;
  const rest = line.slice(cut, cut + length);
  const shown = highlight(rest, query);
  if (cut > 0) shown.unshift({text: "…", isHit: false});
  if (cut + length < line.length) shown.push({text: "…", isHit: false});
  return shown;
}
