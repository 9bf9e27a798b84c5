/**
 * Logging out wipes what was written and not sent, so it asks before.
 *
 * @typedef {import("../app.js").App} App
 */
import {logOut} from "../actions/session.js";
import {t} from "../texts/texts.js";
import {confirmDialog} from "../ui/dialog.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export async function logOutSafely(app, signal) {
  const {outbox, drafts} = app.store.get();
  const isUnsent = outbox.length > 0 || [...drafts.values()].some(({text}) => text.trim() !== "");
  const question = {title: t("log_out.title"), text: t("log_out.text"), action: t("rooms.log_out"), isDangerous: true};
  if (!isUnsent || (await confirmDialog({...question, signal}))) await logOut(app);
}
