// What a user does: sending, reading, keeping drafts, and answers that events overtake. Against a server of the test.

import assert from "node:assert/strict";
import {createServer} from "node:http";
import {after, test} from "node:test";
import {findPeople} from "../../src/minichat/web/scripts/actions/finding.js";
import {startKeeping} from "../../src/minichat/web/scripts/actions/keeping.js";
import {loadAll, loadPresence} from "../../src/minichat/web/scripts/actions/live.js";
import {put, remember} from "../../src/minichat/web/scripts/actions/loading.js";
import {toggleReaction} from "../../src/minichat/web/scripts/actions/messages.js";
import {prepareRooms} from "../../src/minichat/web/scripts/actions/preparing.js";
import {markRead} from "../../src/minichat/web/scripts/actions/reading.js";
import {openNewest, openRoom, showPage} from "../../src/minichat/web/scripts/actions/rooms.js";
import {sendAll, sendMessage} from "../../src/minichat/web/scripts/actions/sending.js";
import {logIn} from "../../src/minichat/web/scripts/actions/session.js";
import {SessionEnded} from "../../src/minichat/web/scripts/api/client.js";
import {makeApp} from "../../src/minichat/web/scripts/app.js";
import {makeLocal} from "../../src/minichat/web/scripts/storage/local.js";
import {setDraft} from "../../src/minichat/web/scripts/store/drafts.js";
import {applyEvent} from "../../src/minichat/web/scripts/store/events.js";
import {historyOf, messageAt, putMessages} from "../../src/minichat/web/scripts/store/messages.js";
import {putPeople} from "../../src/minichat/web/scripts/store/people.js";
import {putRooms} from "../../src/minichat/web/scripts/store/rooms.js";
import {loggedOut} from "../../src/minichat/web/scripts/store/state.js";
import {useLanguage} from "../../src/minichat/web/scripts/texts/texts.js";
import {ANN, annInRoom, BEN, message, person, ROOM, room} from "./fixtures.js";

/** @typedef {{status: number, body?: unknown, link?: string}} Answer */

await useLanguage("en");

const blocked = () => {
  throw new Error("blocked");
};

/**
 * The app of Ann, and a server that answers as `respond` says; null breaks the connection.
 * @param {(path: string, body: any) => Answer | null | Promise<Answer | null>} respond
 */
async function appOf(respond) {
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    const answer = await respond(request.url ?? "", text === "" ? null : JSON.parse(text));
    if (answer === null) {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, {"Content-Type": "application/json", ...(answer.link && {Link: answer.link})});
    response.end(JSON.stringify(answer.body ?? {}));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  after(() => {
    app.store.update((state) => ({...state, outbox: []}));
    sendAll(app); // ends the waiting
    server.closeAllConnections();
    server.close();
  });
  const {port} = /** @type {import("node:net").AddressInfo} */ (server.address());
  const app = makeApp(new URL(`http://127.0.0.1:${port}/`), makeLocal(blocked));
  app.session.begin({access: "a", refresh: "r"});
  app.store.update(() => annInRoom(2));
  return app;
}

/**
 * Wait until the state fulfils the condition.
 * @param {import("../../src/minichat/web/scripts/app.js").App} app
 * @param {(state: import("../../src/minichat/web/scripts/store/state.js").State) => boolean} isTrue
 */
function until(app, isTrue) {
  return new Promise((resolve) => {
    const end = new AbortController();
    app.store.watch(
      isTrue,
      (now) => {
        if (!now) return;
        resolve(undefined);
        queueMicrotask(() => end.abort());
      },
      end.signal,
    );
  });
}

/** @param {any} body @param {number} seq */
const stored = (body, seq) => message(seq, {user: ANN, content: body.content, client_id: body.client_id});

test("messages that the network lost are sent again in their order, and each is one row", async () => {
  let isAway = true;
  /** @type {any[]} */
  const bodies = [];
  const app = await appOf((_path, body) => {
    bodies.push(body);
    const known = new Set(bodies.slice(0, -1).map(({client_id}) => client_id));
    if (isAway) return null; // the server has the first message, but its answer is lost
    return {status: known.has(body.client_id) ? 200 : 201, body: stored(body, body.content === "one" ? 3 : 4)};
  });
  sendMessage(app, ROOM, {content: "one"});
  sendMessage(app, ROOM, {content: "two"});
  await until(app, ({outbox}) => bodies.length > 0 && outbox.every(({state}) => state === "waiting"));
  isAway = false;
  sendAll(app);
  await until(app, ({outbox}) => outbox.length === 0);
  assert.equal(bodies[0].client_id, bodies[1].client_id);
  const contents = historyOf(app.store.get(), ROOM).messages.map(({content}) => content);
  assert.deepEqual(contents, ["message 1", "message 2", "one", "two"]);
});

test("a refused message stays with the server's sentence, and the next one is sent", async () => {
  const detail = "Only moderators can write here.";
  const app = await appOf((_path, body) =>
    body.content === "one"
      ? {status: 403, body: {code: "announcements_only", detail}}
      : {status: 201, body: stored(body, 3)},
  );
  sendMessage(app, ROOM, {content: "one"});
  sendMessage(app, ROOM, {content: "two"});
  await until(app, ({outbox}) => outbox.length === 1 && outbox[0]?.state === "failed");
  assert.equal(app.store.get().outbox[0]?.problem, detail);
  assert.equal(messageAt(app.store.get(), ROOM, 3)?.content, "two");
});

test("an answer that an event has overtaken does not bring the older state back", async () => {
  /** @type {(answer: Answer) => void} */
  let send = () => {};
  const app = await appOf(
    () =>
      new Promise((resolve) => {
        send = resolve;
      }),
  );
  const reaction = /** @type {import("../../src/minichat/web/scripts/api/types.js").Event} */ ({
    type: "reaction.changed",
    data: {room: ROOM, message: 101, seq: 1, emoji: "👍", user: ANN, added: true, count: 1},
  });
  const loading = put(app, app.api.messages.get(101), (state, answer) => putMessages(state, ROOM, [answer]));
  while (send.length === 0) await new Promise((resolve) => setTimeout(resolve));
  remember(app, [reaction]);
  app.store.update((state) => applyEvent(state, reaction, Date.now()).state);
  send({status: 200, body: message(1)});
  await loading;
  assert.equal(messageAt(app.store.get(), ROOM, 1)?.reactions[0]?.count, 1);
});

test("a reaction to a message that is deleted meanwhile does not bring the message back", async () => {
  const asked = Promise.withResolvers();
  const deleted = Promise.withResolvers();
  const app = await appOf(async () => {
    asked.resolve(undefined);
    await deleted.promise;
    return {status: 200, body: message(1, {reactions: [{emoji: "👍", count: 1, mine: true, users: [ANN.id]}]})};
  });
  const reacting = toggleReaction(app, message(1), "👍");
  await asked.promise;
  const event = /** @type {const} */ ({type: "message.deleted", data: message(1, {content: "", is_deleted: true})});
  remember(app, [event]);
  app.store.update((state) => applyEvent(state, event, Date.now()).state);
  deleted.resolve(undefined);
  await reacting;
  assert.equal(messageAt(app.store.get(), ROOM, 1)?.is_deleted, true);
});

test("an answer that arrives after the log-out is not shown", async () => {
  const app = await appOf(() => ({status: 200, body: message(1, {content: "secret"})}));
  const loading = put(app, app.api.messages.get(101), (state, answer) => putMessages(state, ROOM, [answer]));
  app.store.update((state) => ({...state, account: null, histories: new Map()}));
  await loading;
  assert.equal(app.store.get().histories.size, 0);
});

test("people whom a search finds after the log-out are not shown to the next user", async () => {
  const asked = Promise.withResolvers();
  const left = Promise.withResolvers();
  const app = await appOf(async () => {
    asked.resolve(undefined);
    await left.promise;
    return {status: 200, body: {users: [person(3, "cleo")]}};
  });
  const finding = findPeople(app, "cl", new AbortController().signal, () => {});
  await asked.promise;
  app.store.update(loggedOut);
  left.resolve(undefined);
  await finding;
  assert.equal(app.store.get().people.size, 0);
});

test("after an interruption the people who have left meanwhile are offline", async () => {
  const online = (/** @type {unknown} */ user) => [{user, is_online: true, last_seen: null}];
  const cleo = person(3, "cleo");
  const app = await appOf((path) =>
    path.includes("cursor=")
      ? {status: 200, body: online(cleo)}
      : {status: 200, body: online(ANN), link: '</api/chat/online-users/?cursor=2>; rel="next"'},
  );
  app.store.update((state) => putPeople(state, [ANN, {...person(2, "ben"), is_online: true}, cleo]));
  await loadPresence(app);
  const {people} = app.store.get();
  assert.deepEqual(
    [1, 2, 3].map((id) => people.get(id)?.is_online),
    [true, false, true],
  );
});

test("loading everything again does not rely on a load that began before", async () => {
  let contents = "before";
  /** @type {(() => void)[]} */
  const waiting = [];
  const app = await appOf(async (path) => {
    if (!path.includes("/history/")) return {status: 200, body: path.includes("/rooms/") ? [room()] : []};
    const body = {room: room({last_seq: 1}), messages: [message(1, {content: contents})]};
    if (contents === "before") await new Promise((resolve) => waiting.push(() => resolve(undefined)));
    return {status: 200, body};
  });
  app.store.update((state) => ({...state, route: {page: "room", room: ROOM}}));
  const early = openRoom(app, ROOM);
  while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve));
  contents = "after";
  const loading = loadAll(app);
  await until(app, ({isLoaded}) => isLoaded);
  await Promise.race([loading, new Promise((resolve) => setTimeout(resolve, 1_000))]);
  const shown = messageAt(app.store.get(), ROOM, 1)?.content;
  waiting[0]?.();
  await Promise.all([loading, early]);
  assert.equal(shown, "after");
});

test("an unread room is loaded around the last message that was read, and its newest messages on demand", async () => {
  /** @type {string[]} */
  const queries = [];
  const app = await appOf((path) => {
    queries.push(path.replace(/.*\?/, ""));
    return {status: 200, body: {room: room({unread_count: 400, last_read_seq: 600}), messages: []}};
  });
  app.store.update(() => annInRoom(0, {last_seq: 1_000, last_read_seq: 600, unread_count: 400}));
  await openRoom(app, ROOM);
  await openRoom(app, ROOM, 205);
  await openNewest(app, ROOM);
  assert.deepEqual(queries, [
    "around_seq=600&limit=50&mark_read=false",
    "around=205&limit=50&mark_read=false",
    "limit=50&mark_read=false",
  ]);
});

test("the request for the messages of a room goes out before its page is drawn", async () => {
  /** @type {string[]} */
  const order = [];
  const {fetch} = globalThis;
  globalThis.fetch = (...request) => {
    order.push("request");
    return fetch(...request);
  };
  const app = await appOf(() => ({status: 200, body: {room: room({id: 8}), messages: []}})).finally(() => {
    globalThis.fetch = fetch;
  });
  app.store.update((state) => putRooms(state, [room({id: 8})]));
  await until(app, ({rooms}) => rooms.has(8));
  app.store.watch(
    ({route}) => route,
    (_route, before) => before && order.push("page"),
    new AbortController().signal,
  );
  showPage(app, {page: "room", room: 8});
  await until(app, ({histories}) => histories.has(8));
  assert.deepEqual(order, ["request", "page"]);
});

test("the first rooms are prepared, the unread ones first, and none of them twice", async () => {
  /** @type {number[]} */
  const loaded = [];
  const rooms = Array.from({length: 12}, (_none, at) =>
    room({id: at + 1, created_at: `2026-11-${10 + at}T09:00:00.000Z`, unread_count: at === 2 ? 1 : 0}),
  );
  const app = await appOf((path) => {
    const id = Number(/rooms\/(\d+)\/history/.exec(path)?.[1]);
    loaded.push(id);
    return {status: 200, body: {room: rooms[id - 1], messages: [message(1, {room: id})]}};
  });
  app.store.update((state) => ({...putRooms(state, rooms), link: "live"}));
  await openRoom(app, 11);
  await prepareRooms(app, new AbortController().signal);
  assert.deepEqual(loaded, [11, 3, 12, 10, 9, 8]);
});

test("no room is prepared once the connection is lost", async () => {
  let requests = 0;
  const app = await appOf(() => {
    requests += 1;
    app.store.update((state) => ({...state, link: "waiting"}));
    return {status: 503, body: {}};
  });
  app.store.update((state) => ({
    ...putRooms(
      state,
      [1, 2, 3].map((id) => room({id})),
    ),
    link: "live",
  }));
  await prepareRooms(app, new AbortController().signal);
  assert.equal(requests, 1);
});

test("a read mark shows at once, and the server learns the newest one alone", async () => {
  /** @type {number[]} */
  const marks = [];
  const app = await appOf((_path, body) => {
    marks.push(body.seq);
    return {status: 200, body: {last_read_seq: body.seq, unread_count: 0}};
  });
  app.store.update(() => annInRoom(5, {last_read_seq: 1, unread_count: 4}));
  const sending = markRead(app, ROOM, 3);
  await Promise.all([markRead(app, ROOM, 4), markRead(app, ROOM, 5)]);
  assert.equal(app.store.get().rooms.get(ROOM)?.unread_count, 0);
  await sending;
  assert.equal(marks.at(-1), 5);
  assert.ok(!marks.includes(4), "the mark in between was sent");
});

test("a message that arrives before the answer to a read mark stays unread", async () => {
  const marked = Promise.withResolvers();
  const arrived = Promise.withResolvers();
  const app = await appOf(async (path) => {
    if (!path.endsWith("/read/")) {
      const fields = {last_seq: 3, last_read_seq: 2, unread_count: 1, last_message: message(3)};
      return {status: 200, body: room(fields)};
    }
    marked.resolve(undefined);
    await arrived.promise;
    return {status: 200, body: {last_read_seq: 2, unread_count: 0}};
  });
  app.store.update(() => annInRoom(2, {last_read_seq: 1, unread_count: 1}));
  const sending = markRead(app, ROOM, 2);
  await marked.promise;
  const event = /** @type {const} */ ({type: "message.created", data: message(3)});
  remember(app, [event]);
  app.store.update((state) => applyEvent(state, event, Date.now()).state);
  arrived.resolve(undefined);
  await sending;
  assert.equal(app.store.get().rooms.get(ROOM)?.unread_count, 1);
});

test("drafts and unsent messages survive a reload, and belong to one account", async () => {
  const app = await appOf(() => null);
  const page = new AbortController();
  startKeeping(app, ANN.id, page.signal);
  app.store.update((state) => setDraft(state, ROOM, {text: "half a thought"}));
  sendMessage(app, ROOM, {content: "hello"});
  await until(app, ({outbox}) => outbox[0]?.state === "waiting");
  await new Promise((resolve) => setTimeout(resolve));
  page.abort();
  const {clientId} = app.store.get().outbox[0] ?? {};

  const {signal} = new AbortController();
  app.store.update(() => annInRoom(2));
  startKeeping(app, 99, signal);
  assert.equal(app.store.get().drafts.size + app.store.get().outbox.length, 0);
  startKeeping(app, ANN.id, signal);
  assert.equal(app.store.get().drafts.get(ROOM)?.text, "half a thought");
  assert.equal(app.store.get().outbox[0]?.clientId, clientId);
});

test("a draft of an ended session is there after the next log-in of its user, and gone after that of another", async () => {
  for (const user of [ANN, BEN]) {
    const app = await appOf((path) =>
      path === "/api/auth/login/" ? {status: 200, body: {user, tokens: {access: "b", refresh: "s"}}} : {status: 401},
    );
    app.session.begin({access: "a", refresh: "r"}, ANN.id);
    app.local.set(`draft/${ANN.id}/${ROOM}`, {text: "half a thought"});
    await assert.rejects(app.api.account.me(), SessionEnded);
    await logIn(app, {username: user.username, password: "staple correct horse"});
    assert.equal(app.local.keys().includes(`draft/${ANN.id}/${ROOM}`), user === ANN);
  }
});
