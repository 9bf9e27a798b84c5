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
import {putRooms} from "../store/rooms.js";
import {loggedOut, sessionEnded} from "../store/state.js";

/**
 * Begin: continue a stored session, or show the log-in.
 * @param {App} app
 * @param {AbortSignal} signal
 */
export async function start(app, signal) {
  const {api, session, store} = app;
  session.onEnd(() => store.update(sessionEnded), signal);
  void loadInfo(app, signal);
  if (!session.exists()) return store.update(loggedOut);
  for (let attempt = 0; !signal.aborted; attempt += 1) {
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
 * @param {App} app
 * @param {{username: string, password: string}} form
 */
export async function logIn(app, form) {
  enter(app, await app.api.account.logIn(form));
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
function enter({session, store}, {user, tokens, room}) {
  session.begin(tokens);
  const {invite, route} = store.get();
  const {page} = route;
  if (room) go({page: "room", room: room.id}, {replace: true});
  else if (invite !== null) go({page: "invite", token: invite}, {replace: true});
  else if (page === "log-in" || page === "register" || page === "invite") go({page: "home"}, {replace: true});
  store.update((state) => loggedIn(room ? {...putRooms(state, [room]), invite: null} : state, user));
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
 * Log out on this device. Wipes all that minichat has stored, except the settings of the device, even if the server is away.
 * @param {App} app
 */
export async function logOut(app) {
  go({page: "home"});
  const refresh = app.session.forget();
  app.local.wipe(["settings"]);
  app.recent.length = 0;
  app.store.update(loggedOut);
  if (refresh !== null) await app.api.account.logOut(refresh).catch(() => {});
}
