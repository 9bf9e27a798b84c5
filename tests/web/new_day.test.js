// What begins anew at midnight, in a page that stays open.

import assert from "node:assert/strict";
import {test} from "node:test";
import {onNewDay} from "../../src/minichat/web/scripts/ui/new_day.js";

test("a page learns of a new day within a minute, and at once when it appears again, until its view ends", (context) => {
  const page = new EventTarget();
  Object.assign(globalThis, {document: page});
  context.after(() => Reflect.deleteProperty(globalThis, "document"));
  context.mock.timers.enable({apis: ["Date", "setInterval"], now: new Date(2026, 10, 24, 23, 59, 30)});
  const view = new AbortController();
  /** @type {number[]} */
  const days = [];
  onNewDay(() => days.push(new Date().getDate()), view.signal);
  context.mock.timers.tick(20_000);
  assert.deepEqual(days, []);
  context.mock.timers.tick(60_000);
  assert.deepEqual(days, [25]);
  context.mock.timers.setTime(new Date(2026, 10, 26, 8).getTime()); // the computer slept, and its timers stood still
  page.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(days, [25, 26]);
  view.abort();
  context.mock.timers.setTime(new Date(2026, 10, 27, 8).getTime());
  page.dispatchEvent(new Event("visibilitychange"));
  context.mock.timers.tick(60_000);
  assert.deepEqual(days, [25, 26]);
});
