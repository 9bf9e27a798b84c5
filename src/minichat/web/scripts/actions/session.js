/**
 * Log-in, registration, log-out, and the return of a user whose session is stored.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/account.js").Registration} Registration
 */
import {delayMs, pause} from "../api/backoff.js";
import {ApiError, SessionEnded} from "../api/client.js";
import {go} from "../router.js";
import {putPeople} from "../store/people.js";
import {acceptInvite} from "../store/rooms.js";
import {loggedOut, sessionEnded} from "../store/state.js";
import {loadSettings} from "./settings.js";

/**
 * Begin: continue a stored session, or show the log-in. Follows what other tabs do from then on.
 * @param {App} app
 * @param {AbortSignal} signal
 */
export async function start(app, signal) {
  const {session, store} = app;
  session.onChange((change) => {
    if (change === "out") {
      app.local.forget();
      leave(app);
    } else if (change === "ended") store.update(sessionEnded);
    else void enterAgain(app, signal);
  }, signal);
  // A page that the browser has kept for Back, or has frozen, did not hear the other tabs.
  for (const name of ["pageshow", "focus"]) globalThis.addEventListener?.(name, () => session.check(), {signal});
  void loadInfo(app, signal);
  if (session.exists()) await resume(app, signal);
  else store.update(session.endedUser() === null ? loggedOut : sessionEnded);
}

/**
 * Load the account of the stored session until the server answers.
 * @param {App} app
 * @param {AbortSignal} signal
 */
async function resume({api, session, store}, signal) {
  for (let attempt = 0; !signal.aborted && session.exists(); attempt += 1) {
    try {
      const account = await api.account.me(signal);
      return store.update((state) => loggedIn(state, account));
    } catch (error) {
      if (error instanceof SessionEnded || signal.aborted) return;
      store.update((state) => ({...state, link: "waiting"}));
      await pause(delayMs(attempt, error instanceof ApiError ? error.retryAfter : 0), signal);
    }
  }
}

/**
 * The user has logged in in another tab, perhaps with another account.
 * @param {App} app
 * @param {AbortSignal} signal
 */
async function enterAgain(app, signal) {
  const before = app.store.get().account;
  app.recent.length = 0;
  app.store.update((state) => (state.phase === "in" ? loggedOut(state) : state));
  await resume(app, signal);
  const {account, route} = app.store.get();
  const isOther = before !== null && account !== null && before.id !== account.id;
  if (account !== null && before?.id !== account.id) app.local.forget();
  if (isOther || (isEntrance(route) && route.page !== "invite")) go({page: "home"}, {replace: true});
}

/**
 * Load the options of this server until it answers.
 * @param {App} app
 * @param {AbortSignal} signal
 */
async function loadInfo(app, signal) {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const info = await app.api.account.info();
      return app.store.update((state) => ({...state, info}));
    } catch (error) {
      await pause(delayMs(attempt, error instanceof ApiError ? error.retryAfter : 0), signal);
    }
  }
}

/**
 * Log in, and accept the invitation that the visitor has opened before.
 * @param {App} app
 * @param {{username: string, password: string}} form
 */
export async function logIn(app, form) {
  const answer = await app.api.account.logIn(form);
  const {invite} = app.store.get();
  enter(app, answer);
  if (invite === null) return;
  try {
    const {acceptInvitation} = await import("./invitations.js");
    await acceptInvitation(app, invite);
  } catch {
    // The page of the invitation is open, and shows the refusal when the user accepts it there.
  }
}

/**
 * @param {App} app
 * @param {Registration} form
 */
export async function register(app, form) {
  const answer = await app.api.account.register(form);
  enter(app, answer);
  return answer;
}

/**
 * @param {App} app
 * @param {{user: import("../api/types.js").Account, tokens: import("../api/types.js").Tokens, room?: import("../api/types.js").Room}} answer
 */
function enter({local, session, store}, {user, tokens, room}) {
  // What the user of an ended session has left here is for nobody else.
  if (session.endedUser() !== user.id) wipe({local});
  session.begin(tokens, user.id);
  const {invite, route} = store.get();
  if (room) go({page: "room", room: room.id}, {replace: true});
  else if (invite !== null) go({page: "invite", token: invite}, {replace: true});
  else if (isEntrance(route)) go({page: "home"}, {replace: true});
  store.update((state) => loggedIn(room ? acceptInvite(state, invite, room) : state, user));
}

/**
 * Log in with tokens that came without the account, after logging out another user of this browser.
 * @param {App} app
 * @param {import("../api/types.js").Tokens} tokens
 */
export async function enterWithTokens(app, tokens) {
  const user = await app.api.account.accountOf(tokens.access);
  if (app.session.exists()) await logOut(app);
  enter(app, {user, tokens});
}

/**
 * @param {import("../store/state.js").State} state
 * @param {import("../api/types.js").Account} account
 * @returns {import("../store/state.js").State}
 */
function loggedIn(state, account) {
  return {...putPeople(state, [account]), phase: "in", wasEnded: false, account};
}

/**
 * The address is of no use to a logged-in user.
 * @param {import("../router.js").Route} route
 */
function isEntrance({page}) {
  return ["log-in", "register", "invite", "forgot-password", "reset"].includes(page);
}

/**
 * Log out in this browser, even if the server is away. Wipes all that minichat has stored of the user.
 * @param {App} app
 */
export async function logOut(app) {
  const refresh = app.session.forget();
  wipe(app);
  leave(app);
  if (refresh !== null) await app.api.account.logOut(refresh).catch(() => {});
}

/**
 * The account is erased: forget all that is here of it.
 * @param {App} app
 */
export function forgetAccount(app) {
  app.session.forget();
  wipe(app);
  leave(app);
}

/**
 * Remove all values, except the look of the page: it says nothing of the user.
 * @param {Pick<App, "local">} app
 */
function wipe({local}) {
  const {theme, language} = local.get("settings", /** @type {any} */ ({}));
  local.wipe();
  if (theme !== undefined || language !== undefined) local.set("settings", {theme, language});
}

/**
 * Show the log-in, and nothing of the user.
 * @param {App} app
 */
function leave(app) {
  app.recent.length = 0;
  app.store.update(loggedOut);
  loadSettings(app);
  go({page: "home"}, {replace: true});
}
