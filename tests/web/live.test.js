// The live connection against a server of the test: sockets that open, close, die or are refused.

import assert from "node:assert/strict";
import {mock, test} from "node:test";
import {listen} from "../../src/minichat/web/scripts/api/socket.js";
import {follow} from "../../src/minichat/web/scripts/api/stream.js";
import {answer, clientOf, serve} from "./servers.js";

/**
 * @typedef {import("./servers.js").Socket} Socket
 * @typedef {{type: string, id?: string, data: unknown}} Sent
 */

/** @param {string} id @returns {Sent} */
const deleted = (id) => ({id, type: "room.deleted", data: {room: 1}});

/**
 * Follow the log of a server with these sockets, the first one first. `sync` answers polls.
 * @param {object} test
 * @param {readonly ((socket: Socket) => void)[]} [test.sockets] Without them the server refuses sockets.
 * @param {(query: URLSearchParams) => {status?: number, body: unknown}} [test.sync]
 * @param {(events: readonly any[]) => void} [test.onApply]
 * @param {() => Promise<void>} [test.onLoad]
 * @param {boolean} [test.isHasty] Do not wait for the back-off.
 */
async function following({sockets, sync, onApply, onLoad, isHasty = true}) {
  /** @type {(string | null)[]} */
  const cursors = [];
  /** @type {string[]} */
  const requests = [];
  const base = await serve(
    (request, response) => {
      const url = new URL(request.url ?? "", "http://test");
      requests.push(url.pathname.replace("/chat/api/chat/", ""));
      if (url.pathname.endsWith("/ticket/")) return answer(response, 201, {ticket: `t${requests.length}`});
      if (!url.searchParams.has("after")) return answer(response, 200, {events: [], cursor: `now${requests.length}`});
      const {status = 200, body} = sync?.(url.searchParams) ?? {status: 500, body: {}};
      answer(response, status, body);
    },
    sockets &&
      ((url, socket) => {
        const {pathname, searchParams} = new URL(url, "http://test");
        assert.equal(pathname, "/chat/ws/chat/"); // the base path stays
        assert.match(searchParams.get("ticket") ?? "", /^t\d+$/);
        cursors.push(searchParams.get("after"));
        sockets[cursors.length - 1]?.(socket);
      }),
  );
  const {session, api} = clientOf(base);
  session.begin({access: "a", refresh: "r"}, 1);
  const end = new AbortController();
  /** @type {(string | undefined)[]} */
  const applied = [];
  let loads = 0;
  const made = follow(api.live, {
    signal: end.signal,
    async load() {
      loads += 1;
      await onLoad?.();
    },
    apply(events) {
      applied.push(...events.map(({id}) => id));
      onApply?.(events);
    },
    onLink(link) {
      if (isHasty && link === "waiting") setTimeout(() => made.wake());
    },
  });
  return {
    ...made,
    cursors,
    requests,
    applied,
    get loads() {
      return loads;
    },
    async stop() {
      end.abort();
      await made.done;
    },
  };
}

test("a connection resumes after the last event that was applied, and loads everything again after a resync", async () => {
  const done = Promise.withResolvers();
  const followed = await following({
    sockets: [
      (socket) => {
        socket.send(deleted("c1"));
        socket.send({type: "typing", data: {room: 1, user: 2}});
      },
      (socket) => socket.send({type: "resync", data: {}}),
      () => done.resolve(undefined),
    ],
    onApply: (events) => events.some(({type}) => type === "typing") && followed.wake(true),
  });
  await done.promise;
  assert.match(followed.cursors[0] ?? "", /^now/);
  assert.equal(followed.cursors[1], "c1");
  assert.match(followed.cursors[2] ?? "", /^now/);
  assert.deepEqual(followed.applied, ["c1", undefined]);
  assert.equal(followed.loads, 2);
  await followed.stop();
});

test("each socket gets a ticket of its own, and a closed one is opened again from its cursor", async () => {
  const done = Promise.withResolvers();
  const followed = await following({
    sockets: [
      (socket) => {
        socket.send(deleted("c1"));
        setTimeout(socket.close, 30);
      },
      (socket) => socket.send(deleted("c2")),
    ],
    onApply: () => followed.applied.length === 2 && done.resolve(undefined),
  });
  await done.promise;
  assert.deepEqual(followed.applied, ["c1", "c2"]);
  assert.deepEqual(followed.requests, ["sync/", "events/ticket/", "events/ticket/"]);
  await followed.stop();
});

test("after two refused sockets the log comes by requests, and waits in a visible tab only", async () => {
  const done = Promise.withResolvers();
  const followed = await following({
    sync(query) {
      if (query.get("after") === "p2") {
        done.resolve(query.get("timeout"));
        return {body: {events: [], cursor: "p2", has_more: false}};
      }
      const next = query.get("after") === "p1" ? "p2" : "p1";
      return {body: {events: [deleted(next)], cursor: next, has_more: true}};
    },
  });
  assert.equal(await done.promise, "20");
  assert.deepEqual(followed.applied, ["p1", "p2"]);
  assert.equal(followed.requests.filter((one) => one.includes("ticket")).length, 2);
  await followed.stop();
});

test("a user with too many streams polls without waiting", async () => {
  const done = Promise.withResolvers();
  const followed = await following({
    sync(query) {
      if (query.get("timeout") !== "0") return {status: 429, body: {code: "too_many_streams"}};
      done.resolve(undefined);
      return {body: {events: [deleted("p1")], cursor: "p1", has_more: false}};
    },
  });
  await done.promise;
  await followed.stop();
});

test("a cursor that the server refuses leads to a new one and a new load", async () => {
  const done = Promise.withResolvers();
  const followed = await following({
    sync() {
      if (followed.loads === 2) done.resolve(undefined);
      return {status: 400, body: {code: "invalid_cursor"}};
    },
  });
  await done.promise;
  assert.equal(followed.loads, 2);
  await followed.stop();
});

test("a suspended connection closes, and resumes from its cursor when it wakes", async () => {
  const done = Promise.withResolvers();
  const followed = await following({
    sockets: [(socket) => socket.send(deleted("c1")), () => done.resolve(undefined)],
    onApply: () => setTimeout(followed.suspend),
  });
  await done.promise;
  assert.equal(followed.cursors[1], "c1");
  await followed.stop();
});

test("a connection that is suspended while it loads goes on when it wakes", async () => {
  const [loading, loaded, done] = [Promise.withResolvers(), Promise.withResolvers(), Promise.withResolvers()];
  const followed = await following({
    isHasty: false,
    sockets: [() => done.resolve(undefined)],
    onLoad() {
      loading.resolve(undefined);
      return /** @type {Promise<any>} */ (loaded.promise);
    },
  });
  await loading.promise;
  followed.suspend();
  followed.wake();
  loaded.resolve(undefined);
  await done.promise;
  await followed.stop();
});

test("a silent socket is asked for a sign, and closes if none comes, also after the clock was set back", async () => {
  /** @type {Promise<string> | undefined} */
  let heard;
  const base = await serve(
    () => {},
    (_url, socket) => {
      heard = socket.heard;
    },
  );
  const socket = new WebSocket(new URL("ws/chat/", base).href.replace("http", "ws"));
  let now = Date.now();
  const clock = mock.method(Date, "now", () => now);
  mock.timers.enable({apis: ["setInterval", "setTimeout"]});
  const pass = (/** @type {number} */ seconds) => {
    for (let second = 0; second < seconds; second += 1) {
      now += 1_000;
      mock.timers.tick(1_000);
    }
  };
  try {
    const opened = Promise.withResolvers();
    const {closed} = listen(socket, {
      signal: new AbortController().signal,
      onOpen: () => opened.resolve(undefined),
      take() {},
    });
    await opened.promise;
    now -= 3_600_000;
    pass(30);
    assert.equal(await heard, '{"type":"ping"}');
    pass(12);
    assert.equal(await closed, true);
  } finally {
    clock.mock.restore();
    mock.timers.reset();
  }
});

test("events that come at once are delivered together and in order", async () => {
  const base = await serve(
    () => {},
    (_url, socket) => {
      for (let count = 1; count <= 100; count += 1) socket.send(deleted(`c${count}`));
    },
  );
  /** @type {(string | undefined)[][]} */
  const batches = [];
  const end = new AbortController();
  const {closed} = listen(new WebSocket(new URL("ws/chat/", base).href.replace("http", "ws")), {
    signal: end.signal,
    onOpen() {},
    take(events) {
      batches.push(events.map(({id}) => id));
      if (batches.flat().length === 100) end.abort();
    },
  });
  await closed;
  assert.deepEqual(
    batches.flat(),
    Array.from({length: 100}, (_, place) => `c${place + 1}`),
  );
  assert.ok(batches.length < 20, `${batches.length} batches`);
});

test("a socket that is given up while it opens closes as soon as it is open", async () => {
  const closed = Promise.withResolvers();
  const base = await serve(
    () => {},
    (_url, socket) => void socket.ended.then(closed.resolve),
  );
  const end = new AbortController();
  const socket = listen(new WebSocket(new URL("ws/chat/", base).href.replace("http", "ws")), {
    signal: end.signal,
    onOpen: () => assert.fail("nobody waits for it"),
    take() {},
  });
  end.abort();
  assert.equal(await socket.closed, false);
  await closed.promise;
});
