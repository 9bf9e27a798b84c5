/**
 * What the user has written for a room in which they can no longer write: the draft and the messages that were not sent,
 * to copy or to delete.
 *
 * @typedef {import("../app.js").App} App
 */
import {changeDraft} from "../actions/messages.js";
import {discard} from "../actions/sending.js";
import {EMPTY_DRAFT, unsentText} from "../store/drafts.js";
import {entriesOf} from "../store/outbox.js";
import {t} from "../texts/texts.js";
import {h, refill} from "../ui/dom.js";
import {toast} from "../ui/toast.js";
import {copyText} from "./copying.js";

/**
 * @param {App} app
 * @param {number} room
 * @param {AbortSignal} signal
 * @param {{isBelowMessages?: boolean}} [where] Below the list of messages, which holds those that were not sent.
 */
export function unsentTexts(app, room, signal, {isBelowMessages = false} = {}) {
  const list = h("ul", {class: "unsent-list"});
  const element = h("section", {class: "unsent"}, h("h2", {class: "unsent-title"}, t("unsent.title")), list);

  function show() {
    const state = app.store.get();
    const text = unsentText(state, room);
    const entries = isBelowMessages ? [] : entriesOf(state.outbox, room);
    element.hidden = text === "" && entries.length === 0;
    refill(
      list,
      entries.map((entry) => row(entry.content, () => discard(app, entry))),
      text !== "" && row(text, () => changeDraft(app, room, EMPTY_DRAFT)),
    );
  }

  app.store.watch((state) => state.drafts.get(room), show, signal);
  if (!isBelowMessages) app.store.watch((state) => state.outbox, show, signal);
  return element;
}

/** @param {string} text @param {() => void} remove */
function row(text, remove) {
  const copy = async () => {
    const isCopied = await copyText(text);
    toast(t(isCopied ? "code.copied" : "code.not_copied"), {isProblem: !isCopied});
  };
  return h(
    "li",
    {class: "unsent-row"},
    h("p", {class: "unsent-text", dir: "auto"}, text),
    h("button", {type: "button", class: "link-button", onclick: copy}, t("unsent.copy")),
    h("button", {type: "button", class: "link-button", onclick: remove}, t("unsent.delete")),
  );
}
