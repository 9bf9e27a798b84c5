/**
 * Logging out wipes what was written and not sent, so it asks before.
 *
 * @typedef {import("../app.js").App} App
 */
import {logOut} from "../actions/session.js";
import {unsentText} from "../store/drafts.js";
import {t} from "../texts/texts.js";
import {confirmDialog} from "../ui/dialog.js";

/**
 * Log out. Ask first if drafts or messages are not sent.
 * @param {App} app
 * @param {AbortSignal} signal
 */
export async function logOutSafely(app, signal) {
  const state = app.store.get();
  const isDraft = [...state.drafts.keys()].some((room) => unsentText(state, room).trim() !== "");
  const isUnsent = isDraft || state.outbox.length > 0;
  const question = {title: t("log_out.title"), text: t("log_out.text"), action: t("rooms.log_out"), isDangerous: true};
  if (!isUnsent || (await confirmDialog({...question, signal}))) await logOut(app);
}
