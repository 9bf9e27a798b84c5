// Histories kept by seq, and the outbox beside them.

import assert from "node:assert/strict";
import {test} from "node:test";
import {historyOf, messageAt, putMessages, runAround} from "../../src/minichat/web/scripts/store/messages.js";
import {addEntry, changeEntry, nextToSend} from "../../src/minichat/web/scripts/store/outbox.js";
import {makeTimeline} from "../../src/minichat/web/scripts/store/timeline.js";
import {ANN, annInRoom, message, ROOM, stateOfAnn} from "./fixtures.js";

/** @param {import("../../src/minichat/web/scripts/store/state.js").State} state */
const seqs = (state) => historyOf(state, ROOM).messages.map(({seq}) => seq);

/** @param {...number} numbers */
const page = (...numbers) => numbers.map((seq) => message(seq));

test("pages in any order become one history by seq, without repetition", () => {
  let state = putMessages(stateOfAnn(), ROOM, page(9, 8));
  state = putMessages(state, ROOM, page(3, 4, 5));
  state = putMessages(state, ROOM, page(5, 6, 7, 8));
  assert.deepEqual(seqs(state), [3, 4, 5, 6, 7, 8, 9]);
});

test("a run ends at a gap", () => {
  const {messages} = historyOf(putMessages(stateOfAnn(), ROOM, page(1, 2, 5, 6, 7)), ROOM);
  const run = (/** @type {number | null} */ seq) => runAround(messages, seq).map((one) => one.seq);
  assert.deepEqual(run(null), [5, 6, 7]);
  assert.deepEqual(run(6), [5, 6, 7]);
  assert.deepEqual(run(1), [1, 2]);
});

test("an answer that an event overtook brings back neither a deleted text nor an older one", () => {
  let state = annInRoom(2);
  const tombstone = message(1, {is_deleted: true, content: ""});
  const edited = message(2, {content: "new", edited_at: "2026-11-24T13:00:00.000Z"});
  state = putMessages(state, ROOM, [tombstone, edited]);
  state = putMessages(state, ROOM, page(1, 2));
  assert.equal(messageAt(state, ROOM, 1)?.is_deleted, true);
  assert.equal(messageAt(state, ROOM, 2)?.content, "new");
});

test("the first page names the authors of its messages", () => {
  const state = putMessages(stateOfAnn(), ROOM, page(1));
  assert.equal(state.people.get(2)?.username, "ben");
});

/** @param {string} clientId */
const entry = (clientId) => ({
  clientId,
  room: ROOM,
  content: "hello",
  replyTo: null,
  mentionIds: [],
  createdAt: Date.UTC(2026, 10, 24, 12, 1),
  state: /** @type {const} */ ("waiting"),
  problem: "",
});

test("a message replaces its entry in the same row, however often it arrives", () => {
  let state = addEntry(annInRoom(1), entry("c1"));
  const rows = () => makeTimeline(ANN.id)(historyOf(state, ROOM).messages, state.outbox).map(({key}) => key);
  const before = rows();
  const mine = message(2, {user: ANN, client_id: "c1"});
  state = putMessages(state, ROOM, [mine]);
  state = putMessages(state, ROOM, [mine]);
  assert.deepEqual(state.outbox, []);
  assert.deepEqual(rows(), before);
});

test("another user's client_id settles no entry and shares no row", () => {
  let state = addEntry(annInRoom(0), entry("c1"));
  state = putMessages(state, ROOM, [message(1, {client_id: "c1"})]);
  assert.equal(state.outbox.length, 1);
  const keys = makeTimeline(ANN.id)(historyOf(state, ROOM).messages, state.outbox).map(({key}) => key);
  assert.equal(new Set(keys).size, keys.length);
});

test("messages are sent one after another; a failed one holds up no other", () => {
  let state = addEntry(addEntry(stateOfAnn(), entry("c1")), entry("c2"));
  assert.equal(nextToSend(state, ROOM)?.clientId, "c1");
  state = changeEntry(state, "c1", {state: "sending"});
  assert.equal(nextToSend(state, ROOM), undefined);
  state = changeEntry(state, "c1", {state: "failed"});
  assert.equal(nextToSend(state, ROOM)?.clientId, "c2");
});

test("a group of messages ends with its author, after a pause and at midnight", () => {
  const at = (/** @type {number} */ seq, /** @type {Date} */ time, user = ANN) =>
    message(seq, {user, timestamp: time.toISOString()});
  const noon = (/** @type {number} */ minute) => new Date(2026, 10, 24, 12, minute);
  const messages = [
    at(1, noon(0)),
    at(2, noon(1)),
    {...at(3, noon(2)), user: message(3).user},
    at(4, noon(3)),
    at(5, noon(30)),
    at(6, new Date(2026, 10, 25, 0, 0)),
  ];
  const rows = makeTimeline(ANN.id)(messages, []);
  assert.deepEqual(
    rows.map((row) => ("isFirst" in row ? row.isFirst : row.kind)),
    ["day", true, false, true, true, true, "day", true],
  );
});

test("the new messages begin after the last one that was read, if it is known where that is", () => {
  const kinds = (/** @type {number} */ first, /** @type {number | null} */ unreadAfter) =>
    makeTimeline(ANN.id)(page(first, first + 1, first + 2), [], unreadAfter).map(({kind}) => kind);
  assert.deepEqual(kinds(1, 1), ["day", "message", "unread", "message", "message"]);
  assert.deepEqual(kinds(4, 3), ["day", "unread", "message", "message", "message"]);
  assert.ok(!kinds(5, 1).includes("unread"));
  assert.ok(!kinds(1, null).includes("unread"));
  assert.ok(!kinds(1, 3).includes("unread"));
});

test("a row is the same object as before until what it shows has changed", () => {
  const timeline = makeTimeline(ANN.id);
  const messages = page(1, 2, 3);
  const before = timeline(messages, []);
  const after = timeline([messages[0], message(2, {content: "new"}), messages[2]], []);
  assert.deepEqual(
    after.map((row, place) => row === before[place]),
    [true, true, false, true],
  );
});
