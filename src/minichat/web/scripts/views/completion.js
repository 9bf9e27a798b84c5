/**
 * The list above the composer that completes a mention or an emoji. The focus stays in the field: arrow keys move in the
 * list, Enter and Tab choose, Escape closes.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {object} Option
 * @property {string} key
 * @property {string} label
 * @property {string} [note]
 * @property {() => Node} picture
 * @property {string} insert What takes the place of the beginning.
 * @property {import("../store/state.js").Chosen} [chosen]
 */
import {emojiHabits, loadEmoji, rememberEmoji} from "../actions/emoji.js";
import {loadMentionable} from "../actions/mentioning.js";
import {mayMentionAll, nameToWrite, peopleToMention} from "../store/mentioning.js";
import {nameOf} from "../store/people.js";
import {completionAt} from "../text/composing.js";
import {searchEmoji, withTone} from "../text/emoji.js";
import {language, t} from "../texts/texts.js";
import {fill, h, setAttributes, setText} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {replaceText} from "../ui/text_field.js";
import {userAvatar} from "./avatar.js";

const MOST_SHOWN = 8;
/** What may be typed for everybody, beside "all". */
const EVERYBODY = {en: "everyone", ru: "все"};

/**
 * @param {App} app
 * @param {number} room
 * @param {HTMLTextAreaElement} input
 * @param {{onChoose: (chosen: import("../store/state.js").Chosen) => void}} how
 * @param {AbortSignal} signal
 */
export function completion(app, room, input, {onChoose}, signal) {
  const {store} = app;
  const list = h("div", {
    class: "completion-list",
    role: "listbox",
    id: `completion-${room}`,
    "aria-label": t("completion.label"),
    hidden: true,
  });
  const heard = h("div", {class: "only-heard", role: "status"});
  setAttributes(input, {"aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-controls": list.id});
  /** @type {readonly Option[]} */
  let options = [];
  let active = 0;
  let start = 0;
  /** Where the user has closed the list: it stays closed for this word. */
  let closedAt = -1;
  let turn = 0;

  /** Show what fits the text before the caret. */
  async function update() {
    turn += 1;
    const mine = turn;
    const isPlain = input.selectionStart === input.selectionEnd && document.activeElement === input;
    const found = isPlain ? completionAt(input.value, input.selectionStart) : null;
    if (found?.start !== closedAt) closedAt = -1;
    if (!found || closedAt >= 0) return show([]);
    start = found.start;
    if (found.kind === "mention") {
      void loadMentionable(app, room);
      return show(mentions(found.query));
    }
    const emoji = await emojiOptions(found.query);
    if (mine === turn && !signal.aborted) show(emoji);
  }

  /** @param {string} query @returns {Option[]} */
  function mentions(query) {
    const state = store.get();
    const wanted = query.toLowerCase();
    const people = peopleToMention(state, room, query, MOST_SHOWN).map((user) => {
      const name = nameToWrite(state, room, user);
      return {
        key: `user ${user.id}`,
        label: nameOf(user),
        note: user.full_name === "" ? "" : `@${user.username}`,
        picture: () => userAvatar(user, "small"),
        insert: `@${name} `,
        chosen: {id: user.id, name},
      };
    });
    const isAll = mayMentionAll(state, room) && ["all", EVERYBODY[language()]].some((word) => word.startsWith(wanted));
    if (!isAll) return people;
    const all = {key: "all", label: "@all", note: t("mentions.all"), picture: () => icon("people"), insert: "@all "};
    return query === "" ? [...people.slice(0, MOST_SHOWN - 1), all] : [all, ...people];
  }

  /** @param {string} query @returns {Promise<Option[]>} */
  async function emojiOptions(query) {
    const {groups} = await loadEmoji().catch(() => ({groups: []}));
    const {tone} = emojiHabits(app);
    return searchEmoji(groups, query, MOST_SHOWN).map((one) => {
      const emoji = withTone(one, tone);
      const picture = () => h("span", {class: "completion-emoji", "aria-hidden": "true"}, emoji);
      return {key: `emoji ${emoji}`, label: one[1], picture, insert: `${emoji} `};
    });
  }

  /** @param {readonly Option[]} next */
  function show(next) {
    const before = options[active]?.key;
    options = next;
    active = Math.max(
      0,
      options.findIndex(({key}) => key === before),
    );
    fill(list, options.map(row));
    list.hidden = options.length === 0;
    setText(heard, options.length === 0 ? "" : t("completion.found", {count: options.length}));
    mark();
  }

  /** @param {Option} option @param {number} place */
  function row({label, note, picture}, place) {
    return h(
      "div",
      {class: "completion-row", role: "option", id: `${list.id}-${place}`, dataset: {place}},
      picture(),
      h("span", {class: "completion-label", dir: "auto"}, label),
      note && h("span", {class: "completion-note", dir: "auto"}, note),
    );
  }

  function mark() {
    for (const [place, one] of [...list.children].entries())
      one.setAttribute("aria-selected", String(place === active));
    setAttributes(input, {"aria-activedescendant": list.hidden ? null : `${list.id}-${active}`});
    list.children[active]?.scrollIntoView({block: "nearest"});
  }

  /** @param {number} place */
  function choose(place) {
    const option = options[place];
    if (!option) return;
    if (option.chosen) onChoose(option.chosen);
    if (option.key.startsWith("emoji ")) rememberEmoji(app, option.insert.trim());
    replaceText(input, {start, end: input.selectionStart, text: option.insert});
    show([]);
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} Whether the list has used the key.
   */
  function onkeydown(event) {
    if (list.hidden || event.ctrlKey || event.metaKey || event.altKey) return false;
    const {length} = options;
    if (event.key === "ArrowDown") active = (active + 1) % length;
    else if (event.key === "ArrowUp") active = (active + length - 1) % length;
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) choose(active);
    else if (event.key === "Escape") close();
    else return false;
    mark();
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  function close() {
    closedAt = start;
    show([]);
  }

  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => {
    const place = /** @type {HTMLElement} */ (event.target).closest("[role=option]")?.getAttribute("data-place");
    if (place) choose(Number(place));
  });
  input.addEventListener("blur", () => show([]));
  input.addEventListener("input", () => void update());
  input.addEventListener("selectionchange", () => !list.hidden && void update());
  store.watch(
    (state) => state.participants.get(room),
    () => void update(),
    signal,
  );
  return {element: h("div", null, list, heard), onkeydown};
}
