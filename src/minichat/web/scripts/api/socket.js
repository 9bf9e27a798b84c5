/**
 * One WebSocket with the events of all rooms, until it closes. It finds out that a connection is dead, and delivers events
 * in order. It knows nothing of what they mean, and does not reconnect.
 *
 * @typedef {import("./types.js").Event} Event
 *
 * @typedef {object} Listener
 * @property {() => void} onOpen
 * @property {(events: Event[]) => void} take
 * @property {AbortSignal} signal Closes the socket.
 */

const OPENING_MS = 10_000;
/** A page does not see the pings of the server. After such a silence it asks whether the connection lives. */
const SILENCE_MS = 25_000;
const ANSWER_MS = 8_000;
const CHECK_MS = 2_000;
/** A longer pause between two checks means that the machine slept, or the browser stopped the tab. */
const SLEEP_MS = 15_000;
/** Events that come faster than this are delivered together. */
const BATCH_MS = 30;

/**
 * @param {WebSocket} socket
 * @param {Listener} listener
 * @returns {{probe: () => void, closed: Promise<boolean>}} `probe`: close the socket unless the server answers soon.
 *   `closed`: whether the socket was open before.
 */
export function listen(socket, {onOpen, take, signal}) {
  /** @type {(isOpen: boolean) => void} */
  let resolveClosed = () => {};
  /** @type {Promise<boolean>} */
  const closed = new Promise((resolve) => (resolveClosed = resolve));
  const checks = setInterval(check, CHECK_MS);
  const startedAt = Date.now();
  let isOpen = false;
  let checkedAt = startedAt;
  let heardAt = startedAt;
  /** @type {number | null} */
  let askedAt = null;
  /** @type {Event[]} */
  let waiting = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let delivery;
  let deliveredAt = 0;

  socket.onopen = () => {
    isOpen = true;
    heardAt = Date.now();
    onOpen();
  };
  socket.onmessage = ({data}) => {
    heardAt = Date.now();
    askedAt = null;
    const message = JSON.parse(data);
    if (message.type !== "ack" && message.type !== "problem") receive(message);
  };
  socket.onclose = end;
  signal.addEventListener("abort", end, {once: true});
  if (signal.aborted) end();

  /** @param {Event} event */
  function receive(event) {
    waiting.push(event);
    if (delivery !== undefined) return;
    if (Date.now() - deliveredAt > BATCH_MS) deliver();
    else delivery = setTimeout(deliver, BATCH_MS);
  }

  function deliver() {
    clearTimeout(delivery);
    delivery = undefined;
    const events = waiting;
    waiting = [];
    if (events.length > 0 && !signal.aborted) take(events);
    deliveredAt = Date.now();
  }

  function check() {
    const now = Date.now();
    if (now < checkedAt) [heardAt, askedAt] = [now, null]; // the clock was set back
    if (now - checkedAt > SLEEP_MS || now - heardAt > SILENCE_MS) probe();
    checkedAt = now;
    if (isOpen ? askedAt !== null && now - askedAt > ANSWER_MS : now - startedAt > OPENING_MS) end();
  }

  function probe() {
    if (!isOpen || askedAt !== null || Date.now() - heardAt < CHECK_MS) return;
    askedAt = Date.now();
    socket.send('{"type":"ping"}'); // the server answers any frame, and refuses this one at the lowest cost
  }

  function end() {
    clearInterval(checks);
    socket.onopen = socket.onmessage = socket.onclose = null;
    // The closing handshake of a dead connection takes minutes, so nobody waits for it. A socket that is still opening
    // closes later: browsers complain about one that is closed before.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket.close();
    deliver();
    resolveClosed(isOpen);
  }

  return {probe, closed};
}
