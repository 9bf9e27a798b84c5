/**
 * The tokens of the logged-in user. The access token is in memory only; the refresh token is in the storage, so that a
 * reload keeps the user logged in. One refresh serves all requests and all tabs: a tab refreshes under a lock, and sends
 * the new access token to the others. Without locks, as on pages without TLS, two tabs may send the same refresh token;
 * the server answers both with the same successor for 30 s. It knows nothing of the state.
 */
import {openChannel} from "../storage/channel.js";
import {exclusively} from "../storage/locks.js";
import {ApiError, problemOf, SessionEnded} from "./client.js";

/** @typedef {import("./types.js").Tokens} Tokens */
/** @typedef {import("../storage/local.js").Local} Local */

/**
 * @typedef {object} Session
 * @property {() => boolean} exists Whether a user is logged in.
 * @property {() => Promise<string>} access An access token. Throws SessionEnded.
 * @property {(stale: string) => Promise<string>} renewed Another access token than `stale`. Throws SessionEnded or ApiError.
 * @property {(tokens: Tokens, user?: number) => void} begin Take the tokens of a log-in, or of a changed password.
 * @property {() => string | null} forget End the session in this browser. Returns its refresh token.
 * @property {() => number | null} endedUser The user whose session the server has ended, until the next log-in.
 * @property {() => void} check Compare with the storage, as after the tab was frozen.
 * @property {(run: (change: Change) => void, signal?: AbortSignal) => void} onChange Run when the session has changed without
 *   this tab: not after `begin` and `forget`.
 *
 * @typedef {"ended" | "out" | "in"} Change The server has ended the session; the user has logged out in another tab, or has
 *   logged in there, perhaps with another account.
 * @typedef {{refresh: string, user: number | null}} Stored
 * @typedef {{kind: "tokens", user: number | null, access: string} | {kind: "wanted", user: number | null, stale: string | null} |
 *   {kind: "changed"}} Message
 */

const KEY = "session";
const ENDED = "ended";
/** How long to wait for the access token of a tab that has just refreshed. */
const SHARING_MS = 500;

/**
 * @param {object} parts
 * @param {URL} parts.base
 * @param {Local} parts.local
 * @param {typeof globalThis.fetch} [parts.fetch]
 * @param {import("../storage/channel.js").Channel} [parts.channel] To the other tabs.
 * @param {typeof exclusively} [parts.lock]
 * @returns {Session}
 */
export function makeSession({
  base,
  local,
  fetch = globalThis.fetch.bind(globalThis),
  channel = openChannel(`minichat ${base.href}`),
  lock = exclusively,
}) {
  const stored = () => local.get(KEY, /** @type {Stored | null} */ (null));
  /** @type {string | null} */
  let access = null;
  /** All access tokens of the user whom this tab shows. @type {Set<string>} */
  const known = new Set();
  /** The session that this tab shows; the storage has the newest. */
  let mine = stored();
  /** @type {Promise<string> | null} */
  let renewing = null;
  /** @type {Set<(change: Change) => void>} */
  const listeners = new Set();

  channel.listen(hear);
  local.watch((key) => key === KEY && check(), new AbortController().signal);

  /** @param {Message} message */
  function hear(message) {
    if (message.kind === "changed") return check();
    if (!mine || message.user !== mine.user) return;
    if (message.kind === "tokens") take(message.access);
    else if (access !== null && access !== message.stale) channel.post({kind: "tokens", user: mine.user, access});
  }

  /** @param {string} token */
  function take(token) {
    access = token;
    known.add(token);
  }

  function drop() {
    access = null;
    known.clear();
  }

  /** @param {string} stale */
  async function renewed(stale) {
    // The answer to a request of an earlier session: it must not go out again in the name of somebody else.
    if (!known.has(stale)) throw new SessionEnded("Another session has begun.");
    return access !== null && access !== stale ? access : renew(stale);
  }

  /** @param {string | null} stale */
  function renew(stale) {
    renewing ??= renewOnce(stale).finally(() => {
      renewing = null;
    });
    return renewing;
  }

  /** @param {string | null} stale */
  function renewOnce(stale) {
    const before = stored();
    const user = mine?.user;
    return lock(`minichat ${base.href} refresh`, async () => {
      check();
      // The request must not go out in the name of somebody else.
      if (mine === null || mine.user !== user) throw new SessionEnded("Another session has begun.");
      const isStale = () => access === null || access === stale;
      if (isStale() && before?.refresh !== mine.refresh) await askOthers(stale);
      return access !== null && !isStale() ? access : exchange();
    });
  }

  /**
   * Another tab has refreshed while this one waited: get its access token, unless that tab has closed.
   * @param {string | null} stale
   */
  function askOthers(stale) {
    return new Promise((resolve) => {
      const timer = setTimeout(finish, SHARING_MS);
      const stop = channel.listen((message) => message.kind === "tokens" && finish());
      function finish() {
        clearTimeout(timer);
        stop();
        resolve(undefined);
      }
      if (mine) channel.post({kind: "wanted", user: mine.user, stale});
    });
  }

  /** Exchange the refresh token. @returns {Promise<string>} */
  async function exchange() {
    const used = stored();
    if (used === null || mine === null) throw new SessionEnded("Nobody is logged in.");
    const answer = await request(used.refresh);
    const now = stored();
    const isOurs = now !== null && now.user === used.user;
    const isNewer = isOurs && now.refresh !== used.refresh;
    if (answer.status === 401 && isNewer) return exchange(); // a tab without locks was faster
    if (answer.status === 401) throw end();
    if (!answer.ok) throw await problemOf(answer);
    const tokens = await tokensOf(answer);
    if (!isOurs) throw new SessionEnded("The user has logged out meanwhile.");
    if (isNewer && now.refresh !== tokens.refresh) take(tokens.access);
    else begin(tokens);
    return tokens.access;
  }

  /** @param {string} refresh */
  async function request(refresh) {
    try {
      return await fetch(new URL("api/auth/token/refresh/", base), {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify({refresh}),
        signal: AbortSignal.timeout(30_000),
        credentials: "omit",
      });
    } catch {
      throw new ApiError({status: 0, code: "unreachable"});
    }
  }

  /** @type {Session["begin"]} */
  function begin(tokens, user) {
    const isNew = user !== undefined;
    if (isNew) drop();
    mine = {refresh: tokens.refresh, user: user ?? mine?.user ?? null};
    take(tokens.access);
    local.remove(ENDED);
    local.set(KEY, mine);
    channel.post(isNew ? {kind: "changed"} : {kind: "tokens", user: mine.user, access: tokens.access});
  }

  function forget() {
    const last = stored() ?? mine;
    drop();
    mine = null;
    local.remove(KEY);
    channel.post({kind: "changed"});
    return last?.refresh ?? null;
  }

  function end() {
    local.set(ENDED, mine?.user ?? null); // before the session goes: then the other tabs know why it went
    forget();
    notify("ended");
    return new SessionEnded("The session has ended.");
  }

  function check() {
    const now = stored();
    if (now?.user === mine?.user && (now === null) === (mine === null)) {
      mine = now;
      return;
    }
    drop();
    mine = now;
    notify(now !== null ? "in" : endedUser() !== null ? "ended" : "out");
  }

  function endedUser() {
    return local.get(ENDED, /** @type {number | null} */ (null));
  }

  /** @param {Change} change */
  function notify(change) {
    for (const run of listeners) run(change);
  }

  return {
    exists: () => mine !== null && stored()?.user === mine.user,
    access: async () => access ?? renew(null),
    renewed,
    begin,
    forget,
    endedUser,
    check,
    onChange(run, signal) {
      listeners.add(run);
      signal?.addEventListener("abort", () => listeners.delete(run));
    },
  };
}

/** @param {Response} answer @returns {Promise<Tokens>} */
async function tokensOf(answer) {
  try {
    return await answer.json();
  } catch {
    throw new ApiError({status: 0, code: "unreachable"}); // the connection broke within the body
  }
}
