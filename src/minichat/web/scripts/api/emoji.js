/**
 * The emoji and their names, a file that the server makes for each language. It has the version of this module, and a
 * browser loads it when the user first needs it.
 *
 * @typedef {[emoji: string, name: string, words: string, light?: string]} Emoji `words`: more words to search for.
 *   `light`: the same with a light skin, if its skin has tones.
 * @typedef {{groups: {key: string, emoji: Emoji[]}[]}} EmojiData
 */
import {ApiError} from "./client.js";

/**
 * @param {string} language
 * @param {typeof globalThis.fetch} [fetch]
 * @returns {Promise<EmojiData>}
 */
export async function loadEmoji(language, fetch = globalThis.fetch.bind(globalThis)) {
  try {
    const answer = await fetch(new URL(`../../emoji.${language}.json`, import.meta.url), {credentials: "omit"});
    if (answer.ok) return await answer.json();
    if (answer.status === 404) throw new ApiError({status: 404, code: "outdated"});
  } catch (error) {
    if (error instanceof ApiError) throw error;
  }
  throw new ApiError({status: 0, code: "unreachable"});
}
