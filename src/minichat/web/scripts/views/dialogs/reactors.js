/**
 * The dialog with the people who reacted to a message, and their emoji.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../store/state.js").Message} Message
 * @typedef {import("../../api/types.js").Reactor} Reactor
 */
import {loadReactors} from "../../actions/messages.js";
import {t} from "../../texts/texts.js";
import {openDialog} from "../../ui/dialog.js";
import {h} from "../../ui/dom.js";
import {pagedList} from "../paged_list.js";
import {personRow} from "../person_row.js";

/**
 * @param {App} app
 * @param {Message} message
 * @param {AbortSignal} signal
 */
export function reactorsDialog(app, message, signal) {
  return openDialog({
    title: t("messages.reactors"),
    signal,
    content: (_close, end) =>
      pagedList({
        label: t("messages.reactors"),
        load: (next) => loadReactors(app, message, undefined, next),
        make: (/** @type {Reactor} */ {user, emoji}) =>
          h("li", null, personRow(user, {end: [h("span", {class: "reactor-emoji"}, emoji)]})),
        empty: t("messages.reactors_none"),
        signal: end,
      }),
  });
}
