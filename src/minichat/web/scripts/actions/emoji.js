/**
 * The emoji that the user can choose from, and their habits on this device: the recently used ones and the tone of skin.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/emoji.js").EmojiData} EmojiData
 */
import {loadEmoji as load} from "../api/emoji.js";
import {addRecent} from "../text/emoji.js";
import {language} from "../texts/texts.js";

/** @type {Map<string, Promise<EmojiData>>} */
const loading = new Map();

/**
 * The emoji with names in the user's language. Each language is loaded once.
 * @returns {Promise<EmojiData>}
 */
export function loadEmoji() {
  const wanted = language();
  const running = loading.get(wanted) ?? load(wanted);
  loading.set(wanted, running);
  running.catch(() => loading.delete(wanted)); // the next call tries again
  return running;
}

/**
 * @param {App} app
 * @returns {{recent: readonly string[], tone: number}} `recent`: newest first. `tone`: from 0, yellow, to 5, dark.
 */
export function emojiHabits({local}) {
  return {recent: [], tone: 0, ...local.get("emoji", {})};
}

/**
 * The user has used an emoji.
 * @param {App} app
 * @param {string} emoji
 */
export function rememberEmoji(app, emoji) {
  const habits = emojiHabits(app);
  app.local.set("emoji", {...habits, recent: addRecent(habits.recent, emoji)});
}

/**
 * @param {App} app
 * @param {number} tone
 */
export function chooseTone(app, tone) {
  app.local.set("emoji", {...emojiHabits(app), tone});
}
