// What the menu of a message offers, by role, room and message.

import assert from "node:assert/strict";
import {test} from "node:test";
import {permissionsOn} from "../../src/minichat/web/scripts/store/permissions.js";
import {ANN, message, room} from "./fixtures.js";

/**
 * The names of what Ann may do.
 * @param {Parameters<typeof room>[0]} fields Of the room.
 * @param {Parameters<typeof message>[1]} [about] Of the message, which is Ben's.
 */
function allowed(fields, about) {
  const may = permissionsOn(room(fields), message(1, about), ANN.id);
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
  const chat = {kind: /** @type {const} */ ("direct"), role: /** @type {const} */ ("member")};
  assert.deepEqual(allowed(chat), ["reply", "react", "copy", "pin", "report", "block"]);
  assert.deepEqual(allowed(chat, {user: ANN}), ["reply", "react", "edit", "copy", "pin", "remove"]);
});

test("members react to announcements, but do not answer them", () => {
  assert.ok(!allowed({write: "moderators"}).includes("reply"));
  assert.ok(allowed({write: "moderators"}).includes("react"));
  assert.ok(allowed({write: "moderators", role: "moderator"}).includes("reply"));
});

test("with a deleted message nothing can be done but blocking its author", () => {
  assert.deepEqual(allowed({role: "owner"}, {is_deleted: true}), ["block"]);
});
