// Applying the events of the change log.

import assert from "node:assert/strict";
import {test} from "node:test";
import {applyEvent} from "../../src/minichat/web/scripts/store/events.js";
import {historyOf, messageAt} from "../../src/minichat/web/scripts/store/messages.js";
import {totals} from "../../src/minichat/web/scripts/store/unread.js";
import {ANN, annInRoom, BEN, message, ROOM, room, stateOfAnn} from "./fixtures.js";

/**
 * @typedef {import("../../src/minichat/web/scripts/api/types.js").Event} Event
 * @typedef {import("../../src/minichat/web/scripts/store/state.js").State} State
 */

const NOW = Date.UTC(2026, 10, 24, 12);

/** Apply the event twice: the second time must change nothing. @param {State} state @param {Event} event */
function apply(state, event) {
  const once = applyEvent(state, event, NOW);
  assert.deepEqual(applyEvent(once.state, event, NOW).state, once.state);
  return once;
}

const kitchen = (/** @type {State} */ state) => state.rooms.get(ROOM);

test("a new message is unread, is the room's last and ends its author's typing", () => {
  let {state} = apply(annInRoom(1), {type: "typing", data: {room: ROOM, user: BEN.id}});
  assert.ok(state.typing.get(ROOM)?.has(BEN.id));
  ({state} = apply(state, {type: "message.created", data: message(2, {mentions: [ANN]})}));
  assert.equal(kitchen(state)?.unread_count, 1);
  assert.equal(kitchen(state)?.unread_mentions, 1);
  assert.equal(kitchen(state)?.last_message?.seq, 2);
  assert.equal(messageAt(state, ROOM, 2)?.content, "message 2");
  assert.equal(state.typing.has(ROOM), false);
});

test("somebody who was added to a room needs that room", () => {
  const {needs} = apply(stateOfAnn(), {type: "participant.joined", data: {room: ROOM, user: ANN, role: "member"}});
  assert.deepEqual(needs, [{kind: "room", room: ROOM}]);
});

test("a message of one's own, sent on another device, marks the room as read", () => {
  const before = annInRoom(2, {last_read_seq: 1, unread_count: 1, unread_mentions: 1});
  const {state} = apply(before, {type: "message.created", data: message(3, {user: ANN, is_read: false})});
  assert.equal(kitchen(state)?.unread_count, 0);
  assert.equal(kitchen(state)?.unread_mentions, 0);
  assert.equal(kitchen(state)?.last_read_seq, 3);
});

test("a message after a gap asks for the missing ones", () => {
  const {state, needs} = apply(annInRoom(2), {type: "message.created", data: message(5)});
  assert.deepEqual(needs, [
    {kind: "missing", room: ROOM, after: 102},
    {kind: "room", room: ROOM},
  ]);
  assert.deepEqual(
    historyOf(state, ROOM).messages.map(({seq}) => seq),
    [1, 2, 5],
  );
});

test("a message of an unknown room asks for the room", () => {
  const {needs} = apply(stateOfAnn(), {type: "message.created", data: message(1)});
  assert.deepEqual(needs, [{kind: "room", room: ROOM}]);
});

test("an old event counts nothing as unread again", () => {
  const {state} = apply(annInRoom(3), {type: "message.created", data: message(2)});
  assert.equal(kitchen(state)?.unread_count, 0);
  assert.equal(kitchen(state)?.last_message?.seq, 3);
});

test("a deletion replaces the message, unpins it, and asks for the counts if it was unread", () => {
  const tombstone = message(2, {is_deleted: true, content: ""});
  const pinned = {...annInRoom(2), pins: new Map([[ROOM, [message(2, {is_pinned: true})]]])};
  const {state, needs} = apply(pinned, {type: "message.deleted", data: tombstone});
  assert.equal(messageAt(state, ROOM, 2)?.content, "");
  assert.equal(kitchen(state)?.last_message?.is_deleted, true);
  assert.deepEqual(state.pins.get(ROOM), []);
  assert.deepEqual(needs, []);
  const unread = annInRoom(2, {last_read_seq: 1, unread_count: 1});
  assert.deepEqual(apply(unread, {type: "message.deleted", data: tombstone}).needs, [{kind: "room", room: ROOM}]);
});

test("an edit that adds a mention to an unread message asks for the counts", () => {
  const unread = annInRoom(2, {last_read_seq: 1, unread_count: 1});
  const edited = message(2, {content: "@ann", mentions: [ANN], edited_at: "2026-11-24T12:30:00.000Z"});
  const {state, needs} = applyEvent(unread, {type: "message.updated", data: edited}, NOW);
  assert.deepEqual(needs, [{kind: "room", room: ROOM}]);
  assert.equal(messageAt(state, ROOM, 2)?.content, "@ann");
});

test("reactions are set to their count, keep their order and leave at zero", () => {
  const change = (/** @type {string} */ emoji, user = BEN, added = true, count = 1) =>
    /** @type {Event} */ ({
      type: "reaction.changed",
      data: {room: ROOM, message: 101, seq: 1, emoji, user, added, count},
    });
  let {state} = apply(annInRoom(1), change("👍"));
  ({state} = apply(state, change("🎉", ANN)));
  ({state} = apply(state, change("👍", ANN, true, 2)));
  const reactions = () => messageAt(state, ROOM, 1)?.reactions;
  assert.deepEqual(reactions(), [
    {emoji: "👍", count: 2, mine: true, users: [BEN.id, ANN.id]},
    {emoji: "🎉", count: 1, mine: true, users: [ANN.id]},
  ]);
  ({state} = apply(state, change("🎉", ANN, false, 0)));
  assert.deepEqual(
    reactions()?.map(({emoji}) => emoji),
    ["👍"],
  );
});

test("a read mark of another marks one's own messages, and never moves back", () => {
  const messages = [1, 2].map((seq) => message(seq, {user: ANN}));
  const mine = {...annInRoom(2), histories: new Map([[ROOM, {messages, reachesStart: true}]])};
  let {state} = apply(mine, {type: "message.read", data: {room: ROOM, user: BEN.id, last_read_seq: 1}});
  assert.equal(messageAt(state, ROOM, 1)?.is_read, true);
  assert.equal(messageAt(state, ROOM, 2)?.is_read, false);
  ({state} = apply(state, {type: "message.read", data: {room: ROOM, user: BEN.id, last_read_seq: 0}}));
  assert.equal(state.marks.get(ROOM)?.get(BEN.id), 1);
});

test("one's own mark from another device: at the end nothing is unread, before it the counts are asked for", () => {
  const before = annInRoom(3, {last_read_seq: 0, unread_count: 3});
  const middle = applyEvent(before, {type: "message.read", data: {room: ROOM, user: ANN.id, last_read_seq: 2}}, NOW);
  assert.deepEqual(middle.needs, [{kind: "room", room: ROOM}]);
  const end = apply(before, {type: "message.read", data: {room: ROOM, user: ANN.id, last_read_seq: 3}});
  assert.equal(kitchen(end.state)?.unread_count, 0);
});

test("leaving a room removes all that belongs to it; another's leaving asks for the room", () => {
  const left = (user = ANN) =>
    /** @type {Event} */ ({type: "participant.left", data: {room: ROOM, user, role: "member"}});
  const {state} = apply(annInRoom(2), left());
  assert.equal(state.rooms.size + state.histories.size, 0);
  assert.deepEqual(apply(annInRoom(2), left(BEN)).needs, [{kind: "room", room: ROOM}]);
});

test("a room that now shows its history since joining alone loses its loaded messages", () => {
  const {state} = apply(annInRoom(2), {type: "room.updated", data: room({history: "joined", last_seq: 2})});
  assert.equal(state.histories.has(ROOM), false);
});

test("a block hides the messages of that user everywhere, and asks for those that mention", () => {
  const {state, needs} = apply(annInRoom(1), {type: "block.changed", data: {user: BEN, is_blocked: true}});
  assert.equal(messageAt(state, ROOM, 1)?.is_blocked, true);
  assert.equal(kitchen(state)?.last_message?.is_blocked, true);
  assert.ok(state.blocked.has(BEN.id));
  assert.deepEqual(needs, [{kind: "blocked", user: BEN.id}]);
});

test("presence reaches the person; an unknown type changes nothing", () => {
  const known = {...annInRoom(1), people: new Map([[BEN.id, BEN]])};
  const {state} = apply(known, {type: "presence", data: {user: BEN.id, is_online: true, last_seen: null}});
  assert.equal(state.people.get(BEN.id)?.is_online, true);
  assert.equal(applyEvent(state, /** @type {any} */ ({type: "new.kind", data: {}}), NOW).state, state);
});

test("totals leave out what the user does not want to hear about", () => {
  const rooms = [
    room({id: 1, unread_count: 2, unread_mentions: 1}),
    room({id: 2, unread_count: 3, unread_mentions: 1, muted_until: "2026-11-24T13:00:00.000Z"}),
    room({id: 3, unread_count: 5, unread_mentions: 1, muted_until: "2026-11-24T11:00:00.000Z"}),
    room({id: 4, unread_count: 7, unread_mentions: 1, notify: "none"}),
  ];
  assert.deepEqual(totals(new Map(rooms.map((one) => [one.id, one])), NOW), {unread: 7, mentions: 3});
});
