// Rooms and people by name, the participants of a room, and the rights of each role.

import assert from "node:assert/strict";
import {test} from "node:test";
import {applyEvent} from "../../src/minichat/web/scripts/store/events.js";
import {bestRooms, peopleNamed, roomsNamed} from "../../src/minichat/web/scripts/store/finding.js";
import {heirOf, putParticipants, rightsIn, rightsOver} from "../../src/minichat/web/scripts/store/participants.js";
import {shortNameOf} from "../../src/minichat/web/scripts/store/people.js";
import {atRoute, loggedOut, pageBefore} from "../../src/minichat/web/scripts/store/state.js";
import {duration} from "../../src/minichat/web/scripts/text/duration.js";
import {matches, rank} from "../../src/minichat/web/scripts/text/fold.js";
import {useLanguage} from "../../src/minichat/web/scripts/texts/texts.js";
import {nobodyFound} from "../../src/minichat/web/scripts/views/people_picker.js";
import {ANN, annInRoom, BEN, person, ROOM, room, stateOfAnn} from "./fixtures.js";

/** @typedef {import("../../src/minichat/web/scripts/api/types.js").Role} Role */

test("names are found without marks, case and width, as on the server", () => {
  for (const [name, wanted] of [
    ["José", "jose"],
    ["Алёна", "алена"],
    ["Γιώργος", "ΓΙΩΡΓΟΣ"],
    ["أحمد", "احمد"],
    ["Łukasz", "lukasz"],
    ["Bjørn", "bjorn"],
    ["Straße", "strasse"],
    ["ａｎｎ", "ann"],
    ["Ann Marie Smith", "smith ann"],
  ]) {
    assert.ok(matches(name, wanted), `${name} by ${wanted}`);
  }
  assert.equal(matches("がぎ", "かき"), false); // marks are letters in other scripts
  assert.equal(matches("Ann", "anna"), false);
});

test("the exact name comes first, then a beginning, then a word, then any part", () => {
  const names = ["Roman", "Old Man", "Manchester", "man"];
  assert.deepEqual(
    names.sort((a, b) => rank(a, "man") - rank(b, "man")),
    ["man", "Manchester", "Old Man", "Roman"],
  );
  assert.equal(rank("Ann", "man"), Infinity);
});

const CLARA = {...person(3, "clara"), full_name: "Clara Whitfield"};

/** Ann's direct chat with Ben, a group, and Clara, whom she has seen. */
function stateWithRooms() {
  const rooms = [
    room({id: 1, name: "ben", kind: "direct", created_at: "2026-11-24T10:00:00.000Z"}),
    room({id: 2, name: "Benefits", created_at: "2026-11-24T11:00:00.000Z"}),
    room({id: 3, name: "Kitchen", created_at: "2026-11-24T12:00:00.000Z"}),
  ];
  return stateOfAnn({
    rooms: new Map(rooms.map((one) => [one.id, one])),
    people: new Map([ANN, BEN, CLARA, person(9, "deleted-user-9")].map((one) => [one.id, one])),
  });
}

test("rooms keep the order of activity in the list, and the best is first in the switcher", () => {
  const ids = (/** @type {readonly {id: number}[]} */ rooms) => rooms.map(({id}) => id);
  assert.deepEqual(ids(roomsNamed(stateWithRooms(), "")), [3, 2, 1]);
  assert.deepEqual(ids(roomsNamed(stateWithRooms(), "ben")), [2, 1]);
  assert.deepEqual(ids(bestRooms(stateWithRooms(), "ben")), [1, 2]);
});

test("people are found by either name, without oneself and erased accounts", () => {
  const names = (/** @type {string} */ text) => peopleNamed(stateWithRooms(), text).map(({username}) => username);
  assert.deepEqual(names(""), ["ben", "clara"]);
  assert.deepEqual(names("whit"), ["clara"]);
  assert.deepEqual(names("@cl"), ["clara"]);
  assert.deepEqual(names("ann"), []);
});

/** @param {ReturnType<typeof person>} who @param {Role} role */
const participant = (who, role) => ({...who, role, last_read_seq: 0});

/** @param {Record<string, string> | null} [next] */
function stateWithParticipants(next = null) {
  const items = [participant(ANN, "owner"), participant(BEN, "member")];
  return putParticipants(annInRoom(0, {role: "owner"}), ROOM, {items, next}, {isFirst: true});
}

/** @param {import("../../src/minichat/web/scripts/store/state.js").State} state */
const roles = (state) => state.participants.get(ROOM)?.people.map(({username, role}) => `${username} ${role}`);

/**
 * @param {"participant.joined" | "participant.updated" | "participant.left"} type
 * @param {ReturnType<typeof person>} user
 * @param {Role} role
 */
const event = (type, user, role) => ({type, data: {room: ROOM, user, role}});

test("events keep the loaded participants in step", () => {
  let {state} = applyEvent(stateWithParticipants(), event("participant.joined", CLARA, "member"), 0);
  ({state} = applyEvent(state, event("participant.updated", BEN, "moderator"), 0));
  assert.deepEqual(roles(state), ["ann owner", "ben moderator", "clara member"]);
  ({state} = applyEvent(state, event("participant.left", BEN, "moderator"), 0));
  assert.deepEqual(roles(state), ["ann owner", "clara member"]);
});

test("a newcomer is not added before the last page is loaded, and a page adds nobody twice", () => {
  const {state} = applyEvent(stateWithParticipants({cursor: "2"}), event("participant.joined", CLARA, "member"), 0);
  assert.deepEqual(roles(state), ["ann owner", "ben member"]);
  const page = {items: [participant(BEN, "member"), participant(CLARA, "member")], next: null};
  assert.deepEqual(roles(putParticipants(state, ROOM, page, {isFirst: false})), [
    "ann owner",
    "ben member",
    "clara member",
  ]);
});

test("one's own new role takes effect at once", () => {
  const {state} = applyEvent(annInRoom(0), event("participant.updated", ANN, "moderator"), 0);
  assert.equal(state.rooms.get(ROOM)?.role, "moderator");
});

test("a removal and a deletion by others are remembered with the room's name", () => {
  const removed = applyEvent(annInRoom(1), event("participant.left", ANN, "member"), 0).state;
  assert.deepEqual(removed.departure, {room: ROOM, name: "Kitchen", reason: "removed"});
  const deleted = applyEvent(annInRoom(1), {type: "room.deleted", data: {room: ROOM}}, 0).state;
  assert.deepEqual(deleted.departure, {room: ROOM, name: "Kitchen", reason: "deleted"});
  assert.equal(applyEvent(stateOfAnn(), {type: "room.deleted", data: {room: ROOM}}, 0).state.departure, null);
});

test("each role acts on lower roles alone, and only the owner gives roles", () => {
  const over = (/** @type {Role} */ mine, /** @type {Role} */ theirs) => {
    const rights = rightsOver(room({role: mine}), {id: BEN.id, role: theirs}, ANN.id);
    return Object.entries(rights).flatMap(([name, may]) => (may ? [name] : []));
  };
  assert.deepEqual(over("owner", "member"), ["promote", "handOver", "remove"]);
  assert.deepEqual(over("owner", "moderator"), ["demote", "handOver", "remove"]);
  assert.deepEqual(over("moderator", "member"), ["remove"]);
  assert.deepEqual(over("moderator", "moderator"), []);
  assert.deepEqual(over("member", "member"), []);
  const oneself = rightsOver(room({role: "owner"}), {id: ANN.id, role: "owner"}, ANN.id);
  assert.ok(Object.values(oneself).every((may) => !may));
});

test("a direct chat can be neither changed nor left", () => {
  assert.ok(Object.values(rightsIn(room({kind: "direct", role: "member"}))).every((may) => !may));
});

test("the heir is the moderator, else the member, who joined first", () => {
  const people = [participant(ANN, "owner"), participant(BEN, "member"), participant(CLARA, "member")];
  assert.equal(heirOf(people)?.username, "ben");
  assert.equal(heirOf([...people, participant(person(4, "dora"), "moderator")])?.username, "dora");
  assert.equal(heirOf([participant(ANN, "owner")]), undefined);
});

test("an invitation stays while a visitor logs in, and goes with a log-out", () => {
  const opened = atRoute({...stateOfAnn(), phase: "out"}, {page: "invite", token: "t1"});
  assert.equal(atRoute(opened, {page: "log-in"}).invite, "t1");
  assert.equal(loggedOut({...opened, phase: "starting"}).invite, "t1");
  assert.equal(loggedOut({...opened, phase: "in"}).invite, null);
});

test("a page that is no room closes to the room that was open, if it is still there", () => {
  const inRoom = atRoute({...stateOfAnn(), rooms: new Map([[7, room({id: 7})]])}, {page: "room", room: 7});
  const inSettings = atRoute(atRoute(inRoom, {page: "settings", section: ""}), {page: "settings", section: "about"});
  assert.deepEqual(pageBefore(inSettings), {page: "room", room: 7});
  assert.deepEqual(pageBefore({...inSettings, rooms: new Map()}), {page: "home"});
  assert.deepEqual(pageBefore(atRoute(inSettings, {page: "home"})), {page: "home"});
});

test("durations have the largest unit that divides them", () => {
  assert.equal(duration(30, "en"), "30 seconds");
  assert.equal(duration(90, "en"), "90 seconds");
  assert.equal(duration(3600, "en"), "1 hour");
  assert.equal(duration(604_800, "ru"), "7 дней");
});

test("a search that finds nobody explains a directory of shared rooms alone", async () => {
  await useLanguage("en");
  const app = (/** @type {string} */ directory) => /** @type {any} */ ({store: {get: () => ({info: {directory}})}});
  assert.match(nobodyFound(app("everyone"), "zed"), /“zed”/);
  assert.doesNotMatch(nobodyFound(app("everyone"), "zed"), /share a room/);
  for (const text of ["", "zed"]) assert.match(nobodyFound(app("shared"), text), /share a room.*link/);
});

test("a line with little room shows the first name, and the username of a person without names", () => {
  const full = {...ANN, username: "max", first_name: "Max", full_name: "Max Featherstone"};
  assert.equal(shortNameOf(full), "Max");
  assert.equal(shortNameOf({...full, first_name: "", full_name: "Featherstone"}), "Featherstone");
  assert.equal(shortNameOf({...full, first_name: "", full_name: ""}), "max");
});
