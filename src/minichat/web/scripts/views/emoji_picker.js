/**
 * The emoji picker: groups, search, recently used ones and tones of skin. Arrow keys move in its grid. It knows nothing of
 * what the chosen emoji is for.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../text/emoji.js").Emoji} Emoji
 */
import {chooseTone, emojiHabits, loadEmoji, rememberEmoji} from "../actions/emoji.js";
import {isOutdated, problemText} from "../actions/problems.js";
import {searchEmoji, TONE_COUNT, withTone} from "../text/emoji.js";
import {t} from "../texts/texts.js";
import {fill, h, setText} from "../ui/dom.js";
import {emojiGrid} from "./emoji_grid.js";

const MOST_FOUND = 96;
const HAND = /** @type {Emoji} */ (["✋", "", "", "✋🏻"]);

/** The signs of the groups. */
const SIGNS = /** @type {const} */ ({
  recent: "🕒",
  smileys: "😀",
  people: "👋",
  nature: "🐻",
  food: "🍎",
  travel: "🚗",
  activities: "⚽",
  objects: "💡",
  symbols: "❤️",
  flags: "🏁",
});
/** @typedef {keyof typeof SIGNS} GroupKey */

/**
 * @param {App} app
 * @param {{onPick: (emoji: string) => void}} how
 * @param {AbortSignal} signal
 * @returns {HTMLElement} The focus goes to its first input.
 */
export function emojiPicker(app, {onPick}, signal) {
  /** @type {import("../text/emoji.js").EmojiGroups} */
  let groups = [];
  let {tone} = emojiHabits(app);
  const name = h("p", {class: "emoji-name", "aria-hidden": "true"});
  const grid = emojiGrid({
    pick(emoji) {
      rememberEmoji(app, emoji);
      onPick(emoji);
    },
    point: (text) => setText(name, text),
    leave: () => input.focus(),
  });
  const input = h("input", {
    type: "search",
    class: "input emoji-search",
    placeholder: t("emoji.search"),
    "aria-label": t("emoji.search"),
    autocomplete: "off",
    enterkeyhint: "done",
    oninput: show,
    onkeydown,
  });
  const tabs = h("div", {class: "emoji-tabs"});
  const note = h("p", {class: "emoji-note", role: "status"});
  const tones = h("div", {class: "emoji-tones", role: "group", "aria-label": t("emoji.tones")});

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    if (event.isComposing) return;
    if (event.key === "ArrowDown") grid.focus();
    else if (event.key === "Enter") grid.pickFirst();
    else return;
    event.preventDefault();
  }

  function show() {
    const query = input.value;
    if (groups.length === 0) return;
    if (query.trim() === "") {
      setText(note, "");
      grid.show(sections());
    } else {
      const found = searchEmoji(groups, query, MOST_FOUND);
      setText(note, found.length === 0 ? t("emoji.none") : "");
      grid.show(found.length === 0 ? [] : [{key: "found", title: t("emoji.found"), cells: cells(found)}]);
    }
    tabs.hidden = query.trim() !== "";
  }

  function sections() {
    const known = new Map(groups.flatMap(({emoji}) => emoji.flatMap((one) => names(one))));
    const recent = emojiHabits(app).recent.map((emoji) => ({emoji, name: known.get(emoji) ?? ""}));
    return [
      ...(recent.length === 0 ? [] : [{key: "recent", title: t("emoji.recent"), cells: recent}]),
      ...groups.map(({key, emoji}) => ({key, title: titleOf(key), cells: cells(emoji)})),
    ];
  }

  /** @param {readonly Emoji[]} emoji */
  function cells(emoji) {
    return emoji.map((one) => ({emoji: withTone(one, tone), name: one[1]}));
  }

  function showTabs() {
    const shown = sections().map(({key}) => /** @type {GroupKey} */ (key));
    const tab = (/** @type {GroupKey} */ key) =>
      h(
        "button",
        {
          type: "button",
          class: "emoji-tab",
          title: titleOf(key),
          "aria-label": titleOf(key),
          onclick: () => grid.scrollTo(key),
        },
        h("span", {"aria-hidden": "true"}, SIGNS[key]),
      );
    fill(tabs, shown.map(tab));
  }

  function showTones() {
    const button = (/** @type {number} */ one) =>
      h(
        "button",
        {
          type: "button",
          class: "emoji-tone",
          "aria-pressed": one === tone,
          "aria-label": t("emoji.tone", {number: one + 1}),
          dataset: {tone: one},
        },
        withTone(HAND, one),
      );
    fill(
      tones,
      Array.from({length: TONE_COUNT}, (_, one) => button(one)),
    );
  }

  tones.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (!button) return;
    tone = Number(button.dataset.tone);
    chooseTone(app, tone);
    for (const one of tones.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === button));
    show();
  });

  async function load() {
    setText(note, t("app.loading"));
    try {
      ({groups} = await loadEmoji());
      if (signal.aborted) return;
      showTabs();
      show();
    } catch (error) {
      const [label, onclick] = isOutdated(error) ? [t("app.reload"), () => location.reload()] : [t("app.retry"), load];
      fill(note, problemText(error), " ", h("button", {type: "button", class: "link-button", onclick}, label));
    }
  }

  showTones();
  void load();
  return h(
    "div",
    {class: "emoji-picker"},
    input,
    tabs,
    note,
    grid.element,
    h("div", {class: "emoji-foot"}, name, tones),
  );
}

/**
 * The name of an emoji in each of its tones.
 * @param {Emoji} emoji
 * @returns {[string, string][]}
 */
function names(emoji) {
  const count = emoji[3] === undefined ? 1 : TONE_COUNT;
  return Array.from({length: count}, (_, tone) => [withTone(emoji, tone), emoji[1]]);
}

/** @param {string} key */
function titleOf(key) {
  return t(`emoji.${/** @type {GroupKey} */ (key)}`);
}
