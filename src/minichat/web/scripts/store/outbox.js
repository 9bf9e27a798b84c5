/**
 * Messages on their way to the server. An entry has a `clientId`; the server stores one message for it however often it
 * is sent, and the message that returns removes the entry. So no message is ever shown twice. Pure functions only.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Message} Message
 * @typedef {import("./state.js").OutboxEntry} OutboxEntry
 */

/**
 * Add an entry, in the order of their creation: another tab may have made it.
 * @param {State} state
 * @param {OutboxEntry} entry
 * @returns {State}
 */
export function addEntry(state, entry) {
  const place = state.outbox.findLastIndex(({createdAt}) => createdAt <= entry.createdAt) + 1;
  return {...state, outbox: state.outbox.toSpliced(place, 0, entry)};
}

/**
 * @param {State} state
 * @param {string} clientId
 * @param {Partial<OutboxEntry>} change
 * @returns {State}
 */
export function changeEntry(state, clientId, change) {
  if (!state.outbox.some((entry) => entry.clientId === clientId)) return state;
  return {
    ...state,
    outbox: state.outbox.map((entry) => (entry.clientId === clientId ? {...entry, ...change} : entry)),
  };
}

/**
 * @param {State} state
 * @param {string} clientId
 * @returns {State}
 */
export function removeEntry(state, clientId) {
  const outbox = state.outbox.filter((entry) => entry.clientId !== clientId);
  return outbox.length === state.outbox.length ? state : {...state, outbox};
}

/**
 * Remove the entries that have become messages.
 * @param {State} state
 * @param {readonly Message[]} messages
 * @returns {State}
 */
export function settle(state, messages) {
  if (state.outbox.length === 0) return state;
  const mine = messages.filter(({user, client_id}) => client_id !== null && user.id === state.account?.id);
  const arrived = new Set(mine.map(({room, client_id}) => `${room}/${client_id}`));
  const outbox = state.outbox.filter(({room, clientId}) => !arrived.has(`${room}/${clientId}`));
  return outbox.length === state.outbox.length ? state : {...state, outbox};
}

/**
 * The next entry to send in a room: the oldest, unless it is under way. A failed one waits for its user and holds up no other.
 * @param {State} state
 * @param {number} room
 * @returns {OutboxEntry | undefined}
 */
export function nextToSend(state, room) {
  const entry = state.outbox.find((one) => one.room === room && one.state !== "failed");
  return entry?.state === "waiting" ? entry : undefined;
}

/**
 * The key of a row: the same for an entry and for the message that it becomes, so the row stays.
 * @param {Message | OutboxEntry} item
 * @param {number | undefined} me
 */
export function rowKey(item, me) {
  if ("clientId" in item) return `sent ${me} ${item.clientId}`;
  return item.client_id === null ? `message ${item.id}` : `sent ${item.user.id} ${item.client_id}`;
}

/**
 * The entries of one room.
 * @param {readonly OutboxEntry[]} outbox
 * @param {number} room
 */
export function entriesOf(outbox, room) {
  return outbox.filter((entry) => entry.room === room);
}
