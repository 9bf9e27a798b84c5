/**
 * Emoji: searching them by name, tones of skin, the recently used ones, and messages that hold nothing else. Pure
 * functions only.
 *
 * @typedef {[emoji: string, name: string, words: string, light?: string]} Emoji
 * @typedef {readonly {key: string, emoji: readonly Emoji[]}[]} EmojiGroups
 */

const TONES = ["", "🏻", "🏼", "🏽", "🏾", "🏿"];
const LIGHT = TONES[1];
const KEPT_RECENT = 24;
const LARGEST_ALONE = 3;

/** The number of tones, with the yellow one. */
export const TONE_COUNT = TONES.length;

/**
 * An emoji in a tone of skin, or as it is if it has no tones.
 * @param {Emoji} emoji
 * @param {number} tone From 0, yellow, to 5, dark.
 */
export function withTone([emoji, , , light], tone) {
  return tone > 0 && light !== undefined ? light.replaceAll(LIGHT, TONES[tone]) : emoji;
}

/**
 * The emoji whose names have a word that begins with each word of the query. Best first: the whole name, then the
 * beginning of the name, then the rest in their order.
 * @param {EmojiGroups} groups
 * @param {string} query
 * @param {number} limit
 * @returns {Emoji[]}
 */
export function searchEmoji(groups, query, limit) {
  const wanted = fold(query).trim();
  if (wanted === "") return [];
  const words = wanted.split(/[\s_]+/);
  /** @type {Emoji[][]} */
  const found = [[], [], []];
  for (const group of groups) {
    for (const emoji of group.emoji) {
      const name = fold(emoji[1]);
      const all = `${name} ${emoji[2]}`.split(/[\s_-]+/);
      if (emoji[0] !== query.trim() && !words.every((word) => all.some((one) => one.startsWith(word)))) continue;
      found[name === wanted ? 0 : name.startsWith(wanted) ? 1 : 2].push(emoji);
    }
  }
  return found.flat().slice(0, limit);
}

/** @param {string} text */
function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/**
 * The recently used emoji after the use of one, newest first.
 * @param {readonly string[]} recent
 * @param {string} emoji
 */
export function addRecent(recent, emoji) {
  return [emoji, ...recent.filter((one) => one !== emoji)].slice(0, KEPT_RECENT);
}

/**
 * The text holds a few emoji and nothing else.
 * @param {string} text
 */
export function isEmojiAlone(text) {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > 100 || /[\p{L}]/u.test(trimmed)) return false;
  const parts = [...new Intl.Segmenter().segment(trimmed.replace(/[ \n]/g, ""))];
  return parts.length <= LARGEST_ALONE && parts.every(({segment}) => isEmoji(segment));
}

/** @param {string} grapheme */
function isEmoji(grapheme) {
  return /^(?:\p{Emoji_Presentation}|\p{Emoji}\uFE0F|\p{Emoji_Modifier_Base}\p{Emoji_Modifier}|\p{RI}\p{RI})/u.test(
    grapheme,
  );
}
