// Which messages make a notification, how a device is called, and what of all tabs one does.

import assert from "node:assert/strict";
import {test} from "node:test";
import {makeClaims} from "../../src/minichat/web/scripts/storage/claims.js";
import {makeLocal} from "../../src/minichat/web/scripts/storage/local.js";
import {noticesOf} from "../../src/minichat/web/scripts/store/notices.js";
import {totals} from "../../src/minichat/web/scripts/store/unread.js";
import {deviceOf} from "../../src/minichat/web/scripts/text/device.js";
import {ANN, annInRoom, BEN, message, ROOM, room} from "./fixtures.js";

/** @typedef {import("../../src/minichat/web/scripts/api/types.js").Event} Event */

const NOW = Date.UTC(2026, 10, 24, 12);
const MENTION = {mentions: [ANN]};

/** @param {Parameters<typeof message>[1]} [fields] @param {number} [age] In seconds. @returns {Event} */
const created = (fields, age = 1, seq = 3) => ({
  id: "c",
  time: new Date(NOW - age * 1_000).toISOString(),
  type: "message.created",
  data: message(seq, fields),
});

/** @param {Parameters<typeof annInRoom>[1]} fields @param {Event[]} events */
const seqs = (fields, ...events) => noticesOf(annInRoom(2, fields), events, NOW).map(({seq}) => seq);

test("the level of a room decides which of its messages the user hears of", () => {
  assert.deepEqual(seqs({notify: "all"}, created()), [3]);
  assert.deepEqual(seqs({notify: "mentions"}, created()), []);
  assert.deepEqual(seqs({notify: "mentions"}, created(MENTION)), [3]);
  assert.deepEqual(seqs({notify: "mentions"}, created({mentions_all: true})), [3]);
  assert.deepEqual(seqs({notify: "none"}, created(MENTION)), []);
});

test("a muted room is silent until its time is over", () => {
  assert.deepEqual(seqs({muted_until: new Date(NOW + 1_000).toISOString()}, created(MENTION)), []);
  assert.deepEqual(seqs({muted_until: new Date(NOW - 1_000).toISOString()}, created()), [3]);
});

test("own, deleted, blocked, read and old messages make no notification", () => {
  assert.deepEqual(seqs({}, created({user: ANN})), []);
  assert.deepEqual(seqs({}, created({is_deleted: true})), []);
  assert.deepEqual(seqs({}, created({is_blocked: true})), []);
  assert.deepEqual(seqs({last_read_seq: 3}, created()), []);
  assert.deepEqual(seqs({}, created({}, 3_600)), []);
  const blocking = {...annInRoom(2), blocked: new Set([BEN.id])};
  assert.deepEqual(noticesOf(blocking, [created()], NOW), []);
});

test("several messages of a room at once make one notification, of the newest", () => {
  assert.deepEqual(seqs({}, created({}, 2), created({}, 1, 4)), [4]);
});

test("the numbers of the title leave out silent rooms, but count the mentions of muted ones", () => {
  const forever = {muted_until: new Date(NOW + 3_600_000).toISOString()};
  const rooms = new Map(
    [
      room({id: 1, unread_count: 2, unread_mentions: 1}),
      room({id: 2, unread_count: 5, unread_mentions: 1, ...forever}),
      room({id: ROOM, unread_count: 9, unread_mentions: 9, notify: "none"}),
    ].map((one) => [one.id, one]),
  );
  assert.deepEqual(totals(rooms, NOW), {unread: 2, mentions: 2});
});

test("a device is named after its browser and its system", () => {
  /** @type {[string, string, string][]} */
  const devices = [
    [
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36 Edg/131.0",
      "Edge",
      "Windows",
    ],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox", "Linux"],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
      "Safari",
      "iPhone",
    ],
    [
      "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36",
      "Chrome",
      "Android",
    ],
    ["curl/8.5.0", "curl", ""],
    ["", "", ""],
  ];
  for (const [text, program, system] of devices) {
    const device = deviceOf(text);
    assert.deepEqual([device.program, device.system], [program, system]);
  }
});

/** The storage of a browser. @returns {any} */
function storageOfBrowser() {
  /** @type {Record<string, string>} */
  const values = {};
  return {
    getItem: (/** @type {string} */ key) => values[key] ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => (values[key] = value),
  };
}

for (const [name, locks] of /** @type {const} */ ([
  ["with locks", navigator.locks],
  ["without locks", null],
])) {
  const storage = storageOfBrowser();
  const tabsOf = (/** @type {number} */ count) =>
    Array.from({length: count}, () =>
      makeClaims(
        makeLocal(() => storage),
        /** @type {any} */ (locks),
      ),
    );

  test(`of all tabs one gets a claim, and again after its time, ${name}`, async () => {
    const tabs = tabsOf(3);
    const takeAll = async () => {
      const taken = await Promise.all(tabs.map((tab) => tab.take("one", 400)));
      return taken.filter(Boolean).length;
    };
    assert.equal(await takeAll(), 1);
    await new Promise((resolve) => setTimeout(resolve, 450));
    assert.equal(await takeAll(), 1);
  });

  test(`a sign is held until its signal aborts, ${name}`, async () => {
    const [first, second] = tabsOf(2);
    const end = new AbortController();
    first.hold("looks at 7", end.signal);
    assert.equal(await second.isHeld("looks at 7"), true);
    assert.equal(await second.isHeld("looks at 8"), false);
    end.abort();
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(await second.isHeld("looks at 7"), false);
  });
}
