/**
 * Forgotten passwords and verified addresses.
 *
 * @typedef {import("../app.js").App} App
 */
import {putPeople} from "../store/people.js";
import {put} from "./loading.js";
import {enterWithTokens} from "./session.js";

/**
 * Request a link by mail. Returns a sentence about it: the answer does not show whether the account exists.
 * @param {App} app
 * @param {string} name A username or an address.
 * @returns {Promise<string>}
 */
export async function requestReset(app, name) {
  const {message} = await app.api.account.requestPasswordReset(name.includes("@") ? {email: name} : {username: name});
  return message;
}

/**
 * Set a new password, and log in. Another user of this browser is logged out.
 * @param {App} app
 * @param {{token: string, new_password: string}} form
 */
export async function resetPassword(app, form) {
  const {tokens} = await app.api.account.resetPassword(form);
  await enterWithTokens(app, tokens);
}

/**
 * Verify an address. It may belong to the user who is logged in here.
 * @param {App} app
 * @param {string} token
 */
export async function verifyEmail(app, token) {
  await app.api.account.verifyEmail(token);
  if (app.session.exists()) {
    await put(app, app.api.account.me(), (state, account) => ({...putPeople(state, [account]), account}));
  }
}

/**
 * Send the link again. Returns a sentence about it.
 * @param {App} app
 * @returns {Promise<string>}
 */
export async function resendVerification(app) {
  const {message} = await app.api.account.resendVerification();
  return message;
}
