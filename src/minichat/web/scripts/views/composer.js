/**
 * The field to write in. Enter sends, Shift+Enter begins a new line; an Enter that ends the composition of a character
 * does neither.
 *
 * @typedef {import("../app.js").App} App
 */
import {sendMessage} from "../actions/sending.js";
import {reportTyping} from "../actions/typing.js";
import {draftOf, setDraft} from "../store/drafts.js";
import {t} from "../texts/texts.js";
import {iconButton} from "../ui/controls.js";
import {h} from "../ui/dom.js";

/** Safari ends a composition before it reports the key, with this code. */
const KEY_OF_COMPOSITION = 229;

/**
 * @param {App} app
 * @param {number} room
 * @param {AbortSignal} signal
 */
export function composer(app, room, signal) {
  const {store} = app;
  const input = h("textarea", {
    class: "composer-input",
    rows: 1,
    dir: "auto",
    placeholder: t("composer.placeholder"),
    "aria-label": t("composer.label"),
    oninput,
    onkeydown,
  });
  const button = iconButton("send", t("composer.send"), send, {class: "icon-button composer-send"});

  function oninput() {
    store.update((state) => setDraft(state, room, {text: input.value}));
    if (input.value.trim() !== "") reportTyping(app, room);
  }

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === KEY_OF_COMPOSITION) return;
    event.preventDefault();
    send();
  }

  function send() {
    const {text, replyTo} = draftOf(store.get(), room);
    if (text.trim() === "") return;
    store.update((state) => setDraft(state, room, {text: "", replyTo: null}));
    sendMessage(app, room, {content: text, replyTo});
    input.focus();
  }

  store.watch(
    (state) => draftOf(state, room).text,
    (text) => {
      if (input.value !== text) input.value = text;
      button.disabled = text.trim() === "";
    },
    signal,
  );
  if (matchMedia("(pointer: fine)").matches) queueMicrotask(() => input.focus({preventScroll: true}));
  return h(
    "form",
    {class: "composer", onsubmit: (/** @type {Event} */ event) => event.preventDefault()},
    input,
    button,
  );
}
