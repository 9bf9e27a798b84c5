// Writing: what can be completed, markers, lengths, the people to mention, and emoji.

import assert from "node:assert/strict";
import {test} from "node:test";
import {mayMentionAll, nameToWrite, peopleToMention} from "../../src/minichat/web/scripts/store/mentioning.js";
import {completionAt, contentOf, lengthOf, toggleMarker} from "../../src/minichat/web/scripts/text/composing.js";
import {addRecent, searchEmoji, withTone} from "../../src/minichat/web/scripts/text/emoji.js";
import {ANN, annInRoom, BEN, message, person, ROOM} from "./fixtures.js";

/** @param {string} text "|" is the caret. */
function completed(text) {
  const caret = text.indexOf("|");
  const found = completionAt(text.replace("|", ""), caret);
  return found && [found.kind, found.start, found.query];
}

test("a mention can be completed where the server would find one", () => {
  assert.deepEqual(completed("@|"), ["mention", 0, ""]);
  assert.deepEqual(completed("hi @be|n"), ["mention", 3, "be"]);
  assert.deepEqual(completed("(@Ann Pe|"), ["mention", 1, "Ann Pe"]);
  assert.deepEqual(completed("привет @ан|"), ["mention", 7, "ан"]);
  for (const text of ["a@b|", "https://example.org/@b|", "@ben |", "@a b c|", "x|"])
    assert.equal(completed(text), null);
});

test("the name of an emoji can be completed after its second letter", () => {
  assert.deepEqual(completed("ok :smi|"), ["emoji", 3, "smi"]);
  for (const text of [":s|", "12:30|", "https://x|", "a:smile|", "::smile|"]) assert.equal(completed(text), null);
});

/** @param {string} text "[" and "]" are the ends of the selection. @param {string} marker */
function toggled(text, marker) {
  const plain = text.replace(/[[\]]/g, "");
  const change = toggleMarker(plain, text.indexOf("["), text.indexOf("]") - 1, marker);
  const result = plain.slice(0, change.start) + change.text + plain.slice(change.end);
  const [from, to] = change.select;
  return `${result.slice(0, from)}[${result.slice(from, to)}]${result.slice(to)}`;
}

test("a marker is put around the words of the selection, and removed again", () => {
  assert.equal(toggled("a [word] b", "**"), "a **[word]** b");
  assert.equal(toggled("a **[word]** b", "**"), "a [word] b");
  assert.equal(toggled("a [**word**] b", "**"), "a [word] b");
  assert.equal(toggled("a[ word ]b", "_"), "a _[word]_ b");
  assert.equal(toggled("a [] b", "_"), "a _[]_ b");
  assert.equal(toggled("[a\nb]", "`"), "```\n[a\nb]\n```");
});

test("a message is sent without empty lines around it, and counted as the server counts", () => {
  assert.equal(contentOf("\n \n  a\n\n b \n\n"), "  a\n\n b");
  assert.equal(contentOf(" \n\t"), "");
  assert.equal(lengthOf("👍🏽"), 2);
  assert.equal(lengthOf("é"), 1);
});

/** @param {Partial<import("../../src/minichat/web/scripts/store/state.js").Room>} fields */
function kitchen(fields) {
  const zoe = {...person(3, "zoe.x"), full_name: "Zoë Ben"};
  const gone = person(9, "deleted-user-9");
  return annInRoom(0, {participants: [ANN, BEN, zoe, gone], participants_count: 4, ...fields});
}

test("people are found by username and by name, without accents, and never the user", () => {
  const found = (/** @type {string} */ wanted, state = kitchen({})) =>
    peopleToMention(state, ROOM, wanted, 8).map(({id}) => id);
  assert.deepEqual(found(""), [2, 3]);
  assert.deepEqual(found("zoe b"), [3]);
  assert.deepEqual(found("ben"), [2, 3], "a whole name comes before a part of one");
  assert.deepEqual(found("ann"), []);
  const state = kitchen({});
  const spoke = {
    ...state,
    histories: new Map([[ROOM, {messages: [message(1, {user: person(3, "zoe.x")})], reachesStart: true}]]),
  };
  assert.deepEqual(found("", spoke), [3, 2], "the last author comes first");
});

test("a name is written unless its first word is the username of somebody else", () => {
  const state = kitchen({});
  assert.equal(nameToWrite(state, ROOM, {...person(3, "zoe.x"), full_name: "Zoë Ben"}), "Zoë Ben");
  assert.equal(nameToWrite(state, ROOM, {...person(4, "benny"), full_name: "Ben Ten"}), "benny");
  assert.equal(nameToWrite(state, ROOM, {...person(5, "al"), full_name: "All Day"}), "al");
  assert.equal(nameToWrite(state, ROOM, person(5, "al")), "al");
});

test("the owner and moderators of a group mention everybody", () => {
  assert.equal(mayMentionAll(kitchen({role: "moderator"}), ROOM), true);
  assert.equal(mayMentionAll(kitchen({role: "member"}), ROOM), false);
  assert.equal(mayMentionAll(kitchen({role: "owner", kind: "direct"}), ROOM), false);
});

const GROUPS = /** @type {const} */ ([
  {
    key: "smileys",
    emoji: [
      ["😂", "смеётся до слёз", "face with tears of joy"],
      ["😭", "слёзы", "loudly crying face"],
    ],
  },
  {key: "people", emoji: [["👍", "большой палец вверх", "thumbs up +1", "👍🏻"]]},
]);

test("emoji are found by words of either language, the exact name first", () => {
  const found = (/** @type {string} */ query) =>
    searchEmoji(/** @type {any} */ (GROUPS), query, 8).map(([emoji]) => emoji);
  assert.deepEqual(found("слез"), ["😭", "😂"]);
  assert.deepEqual(found("up thumbs"), ["👍"]);
  assert.deepEqual(found("+1"), ["👍"]);
  assert.deepEqual(found("👍"), ["👍"]);
  assert.deepEqual(found("umbs"), []);
  assert.deepEqual(found(" "), []);
});

test("a tone of skin changes only an emoji that has tones", () => {
  assert.equal(withTone(["👍", "", "", "👍🏻"], 5), "👍🏿");
  assert.equal(withTone(["👍", "", "", "👍🏻"], 0), "👍");
  assert.equal(withTone(["😂", "", ""], 3), "😂");
  assert.equal(withTone(["🧑‍🤝‍🧑", "", "", "🧑🏻‍🤝‍🧑🏻"], 3), "🧑🏽‍🤝‍🧑🏽");
});

test("a used emoji moves to the beginning of the recent ones, of which some are kept", () => {
  assert.deepEqual(addRecent(["a", "b", "c"], "b"), ["b", "a", "c"]);
  assert.equal(
    addRecent(
      Array.from({length: 50}, (_, at) => String(at)),
      "x",
    ).length,
    24,
  );
});
