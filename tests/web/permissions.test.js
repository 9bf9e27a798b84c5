// What the menu of a message offers, by role, room and message.

import assert from "node:assert/strict";
import {test} from "node:test";
import {permissionsOn} from "../../src/minichat/web/scripts/store/permissions.js";
import {ANN, BEN, message, person, room} from "./fixtures.js";

const CHAT = {kind: /** @type {const} */ ("direct"), role: /** @type {const} */ ("member")};

/**
 * The names of what Ann may do.
 * @param {Parameters<typeof room>[0]} fields Of the room.
 * @param {Parameters<typeof message>[1]} [about] Of the message, which is Ben's.
 * @param {number[]} [blocked] The people whom Ann blocks.
 * @param {Map<number, any>} [people] What is known of people since the message was loaded.
 */
function allowed(fields, about, blocked, people = new Map()) {
  const account = {...ANN, email: "", email_verified: false, date_joined: ""};
  const may = permissionsOn({account, blocked: new Set(blocked), people}, room(fields), message(1, about));
  return Object.entries(may)
    .filter(([, isAllowed]) => isAllowed)
    .map(([name]) => name);
}

test("a member answers others, and edits and deletes what is their own", () => {
  assert.deepEqual(allowed({role: "member"}), ["reply", "react", "copy", "report", "block"]);
  assert.deepEqual(allowed({role: "member"}, {user: ANN}), ["reply", "react", "edit", "copy", "remove", "seeReaders"]);
});

test("owner and moderators pin, and delete the messages of others", () => {
  for (const role of /** @type {const} */ (["owner", "moderator"])) {
    assert.deepEqual(allowed({role}), ["reply", "react", "copy", "pin", "remove", "report", "block"]);
  }
});

test("in a direct chat both pin, and delete only their own", () => {
  assert.deepEqual(allowed(CHAT), ["reply", "react", "copy", "pin", "report", "block"]);
  assert.deepEqual(allowed(CHAT, {user: ANN}), ["reply", "react", "edit", "copy", "pin", "remove"]);
});

test("a direct chat with a blocked person can only be read", () => {
  assert.deepEqual(allowed(CHAT, {}, [BEN.id]), ["copy", "report", "block"]);
  assert.deepEqual(allowed(CHAT, {user: ANN, is_pinned: true}, [BEN.id]), ["copy", "pin", "remove"]);
  assert.ok(allowed({}, {}, [BEN.id]).includes("reply"), "not so a room with others");
});

test("a direct chat with an erased account offers nothing that needs a field to write in", () => {
  const participants = [ANN, person(BEN.id, "deleted-user-2")];
  const people = new Map([[BEN.id, {...participants[1], is_online: false, last_seen: null}]]);
  assert.deepEqual(allowed({...CHAT, participants}, {}, [], people), ["react", "copy", "pin", "report"]);
  assert.deepEqual(allowed({...CHAT, participants}, {user: ANN}), ["react", "copy", "pin", "remove"]);
});

test("members react to announcements, but do not answer them", () => {
  assert.ok(!allowed({write: "moderators"}).includes("reply"));
  assert.ok(allowed({write: "moderators"}).includes("react"));
  assert.ok(allowed({write: "moderators", role: "moderator"}).includes("reply"));
});

test("with a deleted message nothing can be done but blocking its author", () => {
  assert.deepEqual(allowed({role: "owner"}, {is_deleted: true}), ["block"]);
});
