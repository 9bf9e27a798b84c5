/**
 * What a user does to a text while writing: the word that a list can complete, the markers around a selection, the length
 * as the server counts it. Pure functions only.
 */

/** As the server finds an `@` that may begin a mention. A name may have two words. */
const MENTION = /(?<![\p{L}\p{M}\p{N}._\-/@:=&?])@([\p{L}\p{M}\p{N}._-]{0,32}(?: [\p{L}\p{M}\p{N}._-]{1,32})?)$/u;
const EMOJI = /(?<![\p{L}\p{M}\p{N}:/])(:([\p{L}\p{M}\p{N}_+-]{2,32}))$/u;
const LONGEST_WORD = 80;

/**
 * The beginning of a mention or of an emoji's name before the caret.
 * @param {string} text
 * @param {number} caret
 * @returns {{kind: "mention" | "emoji", start: number, query: string} | null} `start`: the place of the `@` or of the `:`.
 */
export function completionAt(text, caret) {
  const before = text.slice(Math.max(0, caret - LONGEST_WORD), caret);
  const mention = MENTION.exec(before);
  if (mention) return {kind: "mention", start: caret - mention[1].length - 1, query: mention[1]};
  const emoji = EMOJI.exec(before);
  return emoji && {kind: "emoji", start: caret - emoji[1].length, query: emoji[2]};
}

/**
 * Put a marker around the selection, or remove it. White space at the ends of the selection stays outside.
 * @param {string} text
 * @param {number} start
 * @param {number} end
 * @param {string} marker
 * @returns {{start: number, end: number, text: string, select: [number, number]}} What to replace by what, and the new
 *   selection.
 */
export function toggleMarker(text, start, end, marker) {
  const selected = text.slice(start, end);
  const from = start + selected.length - selected.trimStart().length;
  const to = Math.max(from, end - (selected.length - selected.trimEnd().length));
  const {length} = marker;
  const inner = text.slice(from, to);
  if (text.slice(from - length, from) === marker && text.slice(to, to + length) === marker) {
    return {start: from - length, end: to + length, text: inner, select: [from - length, to - length]};
  }
  if (inner.length > 2 * length && inner.startsWith(marker) && inner.endsWith(marker)) {
    return {start: from, end: to, text: inner.slice(length, -length), select: [from, to - 2 * length]};
  }
  if (marker === "`" && inner.includes("\n")) {
    return {start: from, end: to, text: `\`\`\`\n${inner}\n\`\`\``, select: [from + 4, to + 4]};
  }
  return {start: from, end: to, text: marker + inner + marker, select: [from + length, to + length]};
}

/**
 * What is sent: without empty lines at the beginning and white space at the end.
 * @param {string} text
 */
export function contentOf(text) {
  return text.replace(/^(?:[ \t]*\n)+/, "").trimEnd();
}

/**
 * The length as the server counts it.
 * @param {string} content
 */
export function lengthOf(content) {
  let length = 0;
  for (const _character of content.normalize("NFC")) length += 1;
  return length;
}
