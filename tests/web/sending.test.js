// What becomes of a message that the server does not take at once. Against a server of the test.

import assert from "node:assert/strict";
import {mock, test} from "node:test";
import {
  discard,
  sendAgain,
  sendAll,
  sendMessage,
  takeBackEntry,
} from "../../src/minichat/web/scripts/actions/sending.js";
import {makeApp} from "../../src/minichat/web/scripts/app.js";
import {draftOf} from "../../src/minichat/web/scripts/store/drafts.js";
import {messageAt} from "../../src/minichat/web/scripts/store/messages.js";
import {useLanguage} from "../../src/minichat/web/scripts/texts/texts.js";
import {ANN, annInRoom, message, ROOM} from "./fixtures.js";
import {memoryOnly, serve} from "./servers.js";

/** @typedef {{status: number, body?: unknown, headers?: Record<string, string>}} Answer */

await useLanguage("en");

/**
 * The app of Ann in a room with a pause of ten seconds, and a server that gives these answers and then takes everything.
 * @param {...Answer} answers
 */
async function appOf(...answers) {
  /** @type {any[]} */
  const bodies = [];
  const base = await serve(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    const body = JSON.parse(text);
    bodies.push(body);
    const taken = message(2 + bodies.length, {user: ANN, content: body.content, client_id: body.client_id});
    const {status, body: said, headers} = answers.shift() ?? {status: 201, body: taken};
    response.writeHead(status, {"Content-Type": "application/json", ...headers});
    response.end(JSON.stringify(said ?? {}));
  });
  const app = makeApp(base, memoryOnly());
  app.session.begin({access: "a", refresh: "r"});
  app.store.update(() => annInRoom(2, {cooldown: 10}));
  return {app, bodies, entries: () => app.store.get().outbox};
}

/** @param {() => boolean} isTrue */
async function until(isTrue) {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve));
}

/** @type {Answer} */
const REFUSED = {status: 403, body: {code: "cannot_message", detail: "You can't contact this person."}};

test("in a slow room a message waits, and the user sees until when", async () => {
  const slow = {status: 429, body: {code: "cooldown"}, headers: {"Retry-After": "7"}};
  const {app, entries} = await appOf(slow);
  const before = Date.now();
  sendMessage(app, ROOM, {content: "hello"});
  await until(() => entries()[0]?.state === "waiting" && app.store.get().cooldowns.has(ROOM));
  const left = Number(app.store.get().cooldowns.get(ROOM)) - before;
  assert.ok(left >= 7_000 && left < 9_000, `${left} ms`);
  sendAll(app);
  await until(() => entries().length === 0);
  assert.equal(messageAt(app.store.get(), ROOM, 4)?.content, "hello");
  assert.ok(Number(app.store.get().cooldowns.get(ROOM)) - before >= 10_000, "the next pause has begun");
});

test("messages keep their order when the clock is set back between them", async () => {
  const {app, bodies, entries} = await appOf();
  sendMessage(app, ROOM, {content: "one"});
  const now = Date.now();
  const clock = mock.method(Date, "now", () => now - 60_000);
  sendMessage(app, ROOM, {content: "two"});
  sendMessage(app, ROOM, {content: "three"});
  clock.mock.restore();
  const times = entries().map(({createdAt}) => createdAt);
  assert.equal(new Set(times).size, 3, "a reload sorts them by these times");
  await until(() => entries().length === 0);
  assert.deepEqual(
    bodies.map(({content}) => content),
    ["one", "two", "three"],
  );
});

test("a message is sent without the mention of somebody who has left meanwhile", async () => {
  const left = {status: 400, body: {code: "validation_failed", errors: {mention_ids: ["Not in this room."]}}};
  const {app, bodies, entries} = await appOf(left);
  sendMessage(app, ROOM, {content: "hello @Ben", mentionIds: [2]});
  await until(() => bodies.length === 2 && entries().length === 0);
  assert.deepEqual(bodies[0].mention_ids, [2]);
  assert.equal("mention_ids" in bodies[1], false);
  assert.equal(bodies[0].client_id, bodies[1].client_id);
});

test("a refused message can be sent again, edited or deleted", async () => {
  const {app, bodies, entries} = await appOf(REFUSED, REFUSED, REFUSED);
  sendMessage(app, ROOM, {content: "one", replyTo: 101});
  await until(() => entries()[0]?.state === "failed");
  assert.deepEqual([entries()[0]?.problem, entries()[0]?.code], ["You can't contact this person.", "cannot_message"]);
  sendAgain(app, /** @type {any} */ (entries()[0]));
  assert.equal(entries()[0]?.problem, "");
  await until(() => bodies.length === 2 && entries()[0]?.state === "failed");
  takeBackEntry(app, /** @type {any} */ (entries()[0]));
  assert.deepEqual(entries(), []);
  assert.deepEqual([draftOf(app.store.get(), ROOM).text, draftOf(app.store.get(), ROOM).replyTo], ["one", 101]);

  sendMessage(app, ROOM, {content: "two"});
  await until(() => entries()[0]?.state === "failed");
  discard(app, /** @type {any} */ (entries()[0]));
  assert.deepEqual(entries(), []);
});
