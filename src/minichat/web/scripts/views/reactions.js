/**
 * The reactions below a message: one button for each emoji, with its count. Pressing it adds the user's own or takes it
 * back; its name and tooltip hold who reacted.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Message} Message
 * @typedef {import("../api/types.js").Reaction} Reaction
 */
import {loadReactors, toggleReaction} from "../actions/messages.js";
import {problemText} from "../actions/problems.js";
import {nameOf} from "../store/people.js";
import {t} from "../texts/texts.js";
import {h, keyedList, setText} from "../ui/dom.js";
import {toast} from "../ui/toast.js";

/** More names than these are counted. */
const MOST_NAMES = 10;

/**
 * React to a message, or show why that was refused.
 * @param {App} app
 * @param {Message} message
 * @param {string} emoji
 */
export async function reactTo(app, message, emoji) {
  try {
    await toggleReaction(app, message, emoji);
  } catch (error) {
    toast(problemText(error), {isProblem: true});
  }
}

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function reactionChips(app, signal) {
  const element = h("div", {class: "reactions", hidden: true});
  /** @type {Message} */
  let message;
  const show = keyedList({
    parent: element,
    key: (/** @type {Reaction} */ one) => one.emoji,
    make: (reaction) => chip(app, reaction, () => message),
    signal,
  });
  return {
    element,
    /** @param {Message} next */
    update(next) {
      message = next;
      show(next.reactions);
      element.hidden = next.reactions.length === 0;
    },
  };
}

/**
 * @param {App} app
 * @param {Reaction} first
 * @param {() => Message} message
 */
function chip(app, first, message) {
  let reaction = first;
  const count = h("span", {class: "reaction-count"});
  const element = h(
    "button",
    {
      type: "button",
      class: "reaction",
      onclick: () => reactTo(app, message(), reaction.emoji),
      onpointerenter: nameAll,
      onfocus: nameAll,
    },
    h("span", {class: "reaction-emoji", "aria-hidden": "true"}, reaction.emoji),
    count,
  );

  function name() {
    const {people, account} = app.store.get();
    const {users} = reaction;
    const names = users.flatMap((id) => {
      const person = people.get(id);
      return id === account?.id ? [t("messages.you")] : person ? [nameOf(person)] : [];
    });
    const shown = names.slice(0, MOST_NAMES);
    const rest = reaction.count - shown.length;
    const who = rest > 0 ? [...shown, t("messages.more_people", {count: rest})] : shown;
    element.title = who.join(", ");
    element.setAttribute("aria-label", `${reaction.emoji} ${reaction.count}: ${who.join(", ")}`);
  }

  /** Load the names of people whom this page has not seen. */
  async function nameAll() {
    const {people} = app.store.get();
    if (reaction.users.every((id) => people.has(id))) return;
    await loadReactors(app, message(), reaction.emoji).catch(() => {}); // the count is shown without the names
    name();
  }

  /** @param {Reaction} next */
  function update(next) {
    reaction = next;
    setText(count, String(next.count));
    element.setAttribute("aria-pressed", String(next.mine));
    name();
  }
  update(first);
  return {element, update};
}
