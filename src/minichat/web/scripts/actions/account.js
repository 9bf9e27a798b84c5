/**
 * The user's own account: profile, picture, password, sessions, and all data of it.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Account} Account
 * @typedef {import("../store/state.js").State} State
 */
import {allPages} from "../api/api.js";
import {putPeople} from "../store/people.js";
import {put} from "./loading.js";
import {forgetAccount} from "./session.js";

/** @param {State} state @param {Account} account @returns {State} */
const putAccount = (state, account) => ({...putPeople(state, [account]), account});

/**
 * @param {App} app
 * @param {import("../api/account.js").ProfileChange} change
 */
export function changeProfile(app, change) {
  return put(app, app.api.account.changeProfile(change), putAccount);
}

/**
 * @param {App} app
 * @param {Blob} picture
 */
export function uploadPicture(app, picture) {
  return put(app, app.api.account.uploadAvatar(picture), putAccount);
}

/** @param {App} app */
export function removePicture(app) {
  return put(app, app.api.account.removeAvatar(), putAccount);
}

/**
 * Change the password. This session goes on with new tokens, and all others end.
 * @param {App} app
 * @param {{old_password: string, new_password: string}} form
 */
export async function changePassword(app, form) {
  const {tokens} = await app.api.account.changePassword(form);
  app.session.begin(tokens);
}

/** @param {App} app */
export function loadSessions(app) {
  return allPages(app.api.account.sessions);
}

/**
 * @param {App} app
 * @param {number} id
 */
export function endSession(app, id) {
  return app.api.account.endSession(id);
}

/** @param {App} app */
export function endOtherSessions(app) {
  return app.api.account.endOtherSessions();
}

/**
 * All that the server stores of the user, as a file.
 * @param {App} app
 */
export async function exportData(app) {
  const answer = await app.api.account.exportData();
  return answer.blob();
}

/**
 * Erase the account. There is no way back.
 * @param {App} app
 * @param {string} password
 */
export async function eraseAccount(app, password) {
  await app.api.account.erase(password);
  forgetAccount(app);
}
