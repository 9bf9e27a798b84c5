/**
 * The dialog with the participants who have read a message of the user.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../store/state.js").Message} Message
 * @typedef {import("../../api/types.js").Participant} Participant
 */
import {loadReaders} from "../../actions/messages.js";
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
export function readersDialog(app, message, signal) {
  return openDialog({
    title: t("messages.readers"),
    signal,
    content: (_close, end) =>
      pagedList({
        label: t("messages.readers"),
        load: (next) => loadReaders(app, message, next),
        make: (/** @type {Participant} */ person) => h("li", null, personRow(person)),
        empty: t("messages.readers_none"),
        signal: end,
      }),
  });
}
