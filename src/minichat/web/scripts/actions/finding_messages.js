/**
 * Lists of messages from many rooms: search results and mentions.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Message} Message
 */
import {go, href} from "../router.js";
import {putPeople} from "../store/people.js";
import {put} from "./loading.js";

const LONGEST_QUERY = 200;
const PAGE = 30;

/**
 * @param {App} app
 * @param {{q: string, room?: number, user?: number}} query
 * @param {Record<string, string> | undefined} next The query of a later page.
 * @param {AbortSignal} signal
 */
export function searchMessages(app, {q, room, user}, next, signal) {
  const query = {q: [...q].slice(0, LONGEST_QUERY).join(""), limit: PAGE, ...(room && {room}), ...(user && {user})};
  return known(app, app.api.messages.search(next ?? query, signal));
}

/**
 * @param {App} app
 * @param {Record<string, string>} [next] The query of a later page.
 */
export function loadMentions(app, next) {
  return known(app, app.api.messages.mentions(next ?? {limit: PAGE}));
}

/**
 * @param {App} app
 * @param {Promise<import("../api/client.js").Page<Message>>} page
 */
function known(app, page) {
  return put(app, page, (state, {items}) =>
    putPeople(
      state,
      items.map(({user}) => user),
    ),
  );
}

/**
 * Show a message in its room, also if its address is the present one.
 * @param {App} app
 * @param {Message} message
 */
export function openMessage(app, {room, id}) {
  const route = {page: /** @type {const} */ ("room"), room, message: id};
  if (href(route) === location.hash) app.store.update((state) => ({...state, route}));
  else go(route);
}

/**
 * Remember what the user looks for, so that it is there when they come back from a result.
 * @param {App} app
 * @param {import("../store/state.js").MessageSearch} search
 */
export function keepSearch(app, search) {
  app.store.update((state) => ({...state, search}));
}
