/**
 * The line above the composer that shows the message the user replies to or edits.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Message} Message
 */
import {loadMessage, startEdit, startReply} from "../actions/messages.js";
import {go} from "../router.js";
import {draftOf} from "../store/drafts.js";
import {messageById} from "../store/messages.js";
import {nameOf} from "../store/people.js";
import {plain} from "../text/markup.js";
import {t} from "../texts/texts.js";
import {iconButton} from "../ui/controls.js";
import {fill, h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";

/**
 * @param {App} app
 * @param {number} room
 * @param {AbortSignal} signal
 */
export function composerTarget(app, room, signal) {
  const {store} = app;
  const element = h("div", {class: "composer-target", hidden: true});
  /** The target, if it is not among the known messages. @type {Message | null} */
  let loaded = null;

  const targetOf = (/** @type {import("../store/state.js").State} */ state) => {
    const {editing, replyTo} = draftOf(state, room);
    return editing ?? replyTo;
  };

  function show() {
    const state = store.get();
    const id = targetOf(state);
    element.hidden = id === null;
    if (id === null) return fill(element);
    const isEditing = draftOf(state, room).editing !== null;
    const message = messageById(state, room, id) ?? (loaded?.id === id ? loaded : null);
    if (!message) void load(id);
    const name = message ? nameOf(message.user) : "";
    const title = isEditing ? t("composer.editing") : t("composer.replying", {name});
    fill(
      element,
      icon(isEditing ? "edit" : "reply"),
      h(
        "button",
        {type: "button", class: "composer-quote", onclick: () => go({page: "room", room, message: id})},
        h("span", {class: "composer-quote-title", dir: "auto"}, title),
        h("span", {class: "composer-quote-text", dir: "auto"}, message ? lineOf(message) : t("app.loading")),
      ),
      iconButton("close", t(isEditing ? "composer.stop_editing" : "composer.stop_replying"), () =>
        (isEditing ? startEdit : startReply)(app, room, null),
      ),
    );
  }

  /** @param {number} id */
  async function load(id) {
    try {
      loaded = await loadMessage(app, id);
      if (!signal.aborted && targetOf(store.get()) === id) show();
    } catch {
      // the server says what is wrong when the message is sent
    }
  }

  store.watch(targetOf, show, signal);
  store.watch(
    (state) => messageById(state, room, targetOf(state) ?? 0),
    (message) => message && show(),
    signal,
  );
  return element;
}

/** @param {Message} message */
function lineOf(message) {
  if (message.is_deleted) return t("messages.deleted");
  return message.is_blocked ? t("messages.blocked") : plain(message.content);
}
