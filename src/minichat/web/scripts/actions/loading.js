/**
 * Puts answers into the store. An answer may show the state before an event that arrived while it was under way, so the
 * events since the request are applied again: applying one twice changes nothing.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").State} State
 */
import {applyEvent} from "../store/events.js";

const KEPT_EVENTS = 1_000;

/**
 * @template T
 * @param {App} app
 * @param {Promise<T>} answer
 * @param {(state: State, answer: T) => State} put
 * @returns {Promise<T>}
 */
export async function put(app, answer, put) {
  const before = app.recent.at(-1);
  const user = app.store.get().account?.id;
  const value = await answer;
  const since = app.recent.slice(before ? app.recent.indexOf(before) + 1 : 0);
  const now = Date.now();
  app.store.update((state) => {
    if (state.account?.id !== user) return state; // the user has logged out meanwhile
    const loaded = put(state, value);
    return since
      .filter(({type}) => type !== "typing")
      .reduce((last, event) => applyEvent(last, event, now).state, loaded);
  });
  return value;
}

/**
 * Remember events for the answers that are under way.
 * @param {App} app
 * @param {import("../api/types.js").Event[]} events
 */
export function remember(app, events) {
  app.recent.push(...events);
  app.recent.splice(0, app.recent.length - KEPT_EVENTS);
}
