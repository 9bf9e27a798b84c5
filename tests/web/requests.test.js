// Requests, tokens and the stream of events, against a server of the test.

import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {createServer} from "node:http";
import {after, test} from "node:test";
import {makeApi} from "../../src/minichat/web/scripts/api/api.js";
import {ApiError, makeClient, nextQuery, SessionEnded} from "../../src/minichat/web/scripts/api/client.js";
import {makeSession} from "../../src/minichat/web/scripts/api/session.js";
import {makeEventReader} from "../../src/minichat/web/scripts/api/sse.js";
import {follow} from "../../src/minichat/web/scripts/api/stream.js";
import {makeLocal} from "../../src/minichat/web/scripts/storage/local.js";

/** @typedef {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse) => void} Handler */

/** A browser without storage. */
const memoryOnly = () =>
  makeLocal(() => {
    throw new Error("blocked");
  });

/** @param {Handler} handle */
async function serve(handle) {
  const server = createServer(handle);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  after(() => server.close());
  const {port} = /** @type {import("node:net").AddressInfo} */ (server.address());
  return new URL(`http://127.0.0.1:${port}/chat/`);
}

/** @param {URL} base */
function clientOf(base, local = memoryOnly()) {
  const session = makeSession({base, local});
  const client = makeClient({base, session, language: () => "ru"});
  return {session, client, api: makeApi(client), local};
}

/** @type {(response: import("node:http").ServerResponse, status: number, body?: unknown, headers?: Record<string, string>) => void} */
function answer(response, status, body, headers = {}) {
  response.writeHead(status, {"Content-Type": "application/json", ...headers});
  response.end(body === undefined ? "" : JSON.stringify(body));
}

test("an expired access token is renewed once for all requests that wait for it", async () => {
  let refreshes = 0;
  const base = await serve((request, response) => {
    if (request.url?.endsWith("/refresh/")) {
      refreshes += 1;
      return answer(response, 200, {access: "new", refresh: "r2"});
    }
    if (request.headers.authorization !== "Bearer new") return answer(response, 401, {code: "token_expired"});
    answer(response, 200, {language: request.headers["accept-language"], path: request.url});
  });
  const {session, client, local} = clientOf(base);
  session.begin({access: "old", refresh: "r1"});
  const answers = await Promise.all(Array.from({length: 5}, () => client.json("GET", "api/auth/me/")));
  assert.equal(refreshes, 1);
  assert.deepEqual(answers[4], {language: "ru", path: "/chat/api/auth/me/"});
  assert.equal(local.get("refresh", null), "r2");
});

test("a refused refresh ends the session and forgets its token; an unreachable server does not", async () => {
  let status = 503;
  const base = await serve((_request, response) => answer(response, status, {code: "unavailable"}));
  const {session, client, local} = clientOf(base);
  local.set("refresh", "r1");
  let ends = 0;
  session.onEnd(() => (ends += 1));
  await assert.rejects(client.json("GET", "api/auth/me/"), {status: 503});
  assert.equal(local.get("refresh", null), "r1");
  status = 401;
  await assert.rejects(client.json("GET", "api/auth/me/"), SessionEnded);
  assert.equal(local.get("refresh", null), null);
  assert.equal(ends, 1);
});

test("a problem of the server keeps its code, sentence, fields and waiting time", async () => {
  const problem = {code: "validation_failed", detail: "Проверьте поля.", errors: {name: ["Слишком длинно."]}};
  const base = await serve((_request, response) => answer(response, 429, problem, {"Retry-After": "3"}));
  const {client} = clientOf(base);
  await assert.rejects(client.json("GET", "api/info/", {isPublic: true}), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual(
      [error.status, error.code, error.detail, error.errors, error.retryAfter, error.isTemporary],
      [429, problem.code, problem.detail, problem.errors, 3, true],
    );
    return true;
  });
});

test("a server that can't be reached is a temporary error", async () => {
  const {client} = clientOf(new URL("http://127.0.0.1:1/"));
  await assert.rejects(client.json("GET", "api/info/", {isPublic: true}), {status: 0, code: "unreachable"});
});

test("the query of the next page comes out of the Link header, whatever address the server has there", () => {
  const link =
    '<https://chat.example/api/x/?cursor=a%2Cb&limit=2>; rel="next", <https://chat.example/api/x/>; rel="prev"';
  assert.deepEqual(nextQuery(link), {cursor: "a,b", limit: "2"});
  assert.equal(nextQuery('<https://chat.example/api/x/>; rel="prev"'), null);
  assert.equal(nextQuery(null), null);
});

test("events come out of any pieces of a stream", () => {
  const read = makeEventReader();
  const text =
    'retry: 2000\n\n:\n\nid: 1\nevent: typing\ndata: {"type":"typing"}\n\nid: 2\ndata: {"type":"resync"}\n\n';
  const types = [...text].flatMap((piece) => read(piece)).map(({type}) => type);
  assert.deepEqual(types, ["typing", "resync"]);
});

test("a stream resumes after the last event that was applied, and loads everything again after a resync", async () => {
  /** @type {(string | undefined)[]} */
  const cursors = [];
  const sent = [
    'id: c1\ndata: {"id":"c1","type":"room.deleted","data":{"room":1}}\n\n',
    'data: {"type":"resync","data":{}}\n\n',
  ];
  const base = await serve((request, response) => {
    if (request.url?.includes("/sync/")) return answer(response, 200, {events: [], cursor: `c${cursors.length}`});
    cursors.push(/** @type {string} */ (request.headers["last-event-id"]));
    response.writeHead(200, {"Content-Type": "text/event-stream"});
    response.write(sent[cursors.length - 1] ?? ":\n\n");
    if (cursors.length < 3) response.end();
  });
  const {session, api} = clientOf(base);
  session.begin({access: "a", refresh: "r"});
  const end = new AbortController();
  let loads = 0;
  /** @type {string[]} */
  const applied = [];
  await new Promise((resolve) => {
    const {done, wake} = follow(api.live, {
      signal: end.signal,
      async load() {
        loads += 1;
      },
      apply: (events) => applied.push(...events.map(({type}) => type)),
      onLink(link) {
        if (link === "waiting") setTimeout(wake); // do not wait for the back-off
        if (link === "live" && cursors.length === 3) {
          end.abort();
          resolve(done);
        }
      },
    });
  });
  assert.deepEqual(cursors, ["c0", "c1", "c2"]);
  assert.deepEqual(applied, ["room.deleted"]);
  assert.equal(loads, 2);
});

/** Routes that the client has another way for, or no use. */
const UNUSED = new Set([
  "POST /api/auth/token/refresh/", // the session's
  "PUT /api/auth/profile/",
  "PUT /api/chat/rooms/{}/",
  "POST /api/chat/events/ticket/",
  "GET /ws/chat/{}/",
  "GET /ws/chat/",
  "GET /avatars/{}-{}.svg",
  "GET /avatars/{}.webp",
  "GET /healthz",
  "GET /readyz",
  "GET /metrics",
]);

test("every endpoint of the API document has a function", async () => {
  /** @type {Set<string>} */
  const called = new Set();
  /** @type {any} */
  const record = async (/** @type {string} */ method, /** @type {string} */ path) => {
    called.add(`${method} /${decodeURIComponent(path).replace(/\d+|👍/gu, "{}")}`);
    return {items: {participants: []}, next: null};
  };
  const page = (/** @type {string} */ path) => record("GET", path);
  const api = makeApi(/** @type {any} */ ({json: record, send: record, page}));
  for (const endpoints of Object.values(api)) {
    for (const call of Object.values(endpoints))
      await /** @type {any} */ (call)(1, call.name.includes("eact") ? "👍" : 2, {});
  }
  const document = JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8"));
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => method !== "parameters")
      .map((method) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, "{}")}`),
  );
  assert.deepEqual(
    routes.filter((route) => !called.has(route) && !UNUSED.has(route)),
    [],
  );
});
