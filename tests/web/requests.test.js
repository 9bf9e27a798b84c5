// Requests and tokens, against a server of the test.

import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";
import {makeApi} from "../../src/minichat/web/scripts/api/api.js";
import {ApiError, nextQuery, SessionEnded} from "../../src/minichat/web/scripts/api/client.js";
import {answer, clientOf, serve} from "./servers.js";

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
  session.begin({access: "old", refresh: "r1"}, 1);
  const answers = await Promise.all(Array.from({length: 5}, () => client.json("GET", "api/auth/me/")));
  assert.equal(refreshes, 1);
  assert.deepEqual(answers[4], {language: "ru", path: "/chat/api/auth/me/"});
  assert.deepEqual(local.get("session", null), {refresh: "r2", user: 1});
});

test("a request that a log-out has overtaken is not sent again in the name of the next user", async () => {
  const arrived = Promise.withResolvers();
  const overtaken = Promise.withResolvers();
  /** @type {(string | undefined)[]} */
  const senders = [];
  const base = await serve(async (request, response) => {
    senders.push(request.headers.authorization);
    arrived.resolve(undefined);
    await overtaken.promise;
    answer(response, senders.length === 1 ? 401 : 201, {code: "token_invalid"});
  });
  const {session, client} = clientOf(base);
  session.begin({access: "of ann", refresh: "r1"}, 1);
  const sending = client.json("POST", "api/chat/messages/", {body: {content: "from ann"}});
  await arrived.promise;
  session.forget();
  session.begin({access: "of ben", refresh: "r2"}, 2);
  overtaken.resolve(undefined);
  await assert.rejects(sending, SessionEnded);
  assert.deepEqual(senders, ["Bearer of ann"]);
});

test("a refused refresh ends the session and forgets its token; an unreachable server does not", async () => {
  let status = 503;
  const base = await serve((request, response) =>
    answer(response, request.url?.endsWith("/refresh/") ? status : 401, {code: "unavailable"}),
  );
  const {session, client, local} = clientOf(base);
  session.begin({access: "old", refresh: "r1"}, 1);
  /** @type {string[]} */
  const changes = [];
  session.onChange((change) => changes.push(change));
  await assert.rejects(client.json("GET", "api/auth/me/"), {status: 503});
  assert.equal(local.get("session", /** @type {any} */ (null)).refresh, "r1");
  status = 401;
  await assert.rejects(client.json("GET", "api/auth/me/"), SessionEnded);
  assert.equal(local.get("session", null), null);
  assert.equal(session.endedUser(), 1);
  assert.deepEqual(changes, ["ended"]);
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

test("a proxy's answer without a problem in it is a temporary error", async () => {
  const base = await serve((_request, response) => answer(response, 502, null));
  const {client} = clientOf(base);
  await assert.rejects(client.json("GET", "api/info/", {isPublic: true}), {status: 502, isTemporary: true});
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

/** Routes that the client has another way for, or no use. */
const UNUSED = new Set([
  "POST /api/auth/token/refresh/", // the session's
  "PUT /api/auth/profile/",
  "PUT /api/chat/rooms/{}/",
  "GET /api/chat/events/", // the socket of all rooms
  "GET /ws/chat/{}/",
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
  const api = makeApi(/** @type {any} */ ({json: record, send: record, page, socket: page}));
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
