// The tokens of several tabs: one refresh for all, and log-ins and log-outs that reach every tab.

import assert from "node:assert/strict";
import {test} from "node:test";
import {SessionEnded} from "../../src/minichat/web/scripts/api/client.js";
import {makeSession} from "../../src/minichat/web/scripts/api/session.js";
import {makeLocal} from "../../src/minichat/web/scripts/storage/local.js";

const BASE = new URL("http://chat.test/");

/** A browser with one storage, and one queue of requests for a lock. */
function makeBrowser() {
  /** @type {Record<string, string>} */
  const values = {};
  /** @type {(EventTarget & {event?: any})[]} */
  const pages = [];
  let queue = Promise.resolve();
  let isFrozen = false;
  /** @type {Storage} */
  const storage = /** @type {any} */ ({});
  for (const [name, value] of Object.entries({
    getItem: (/** @type {string} */ key) => values[key] ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ text) => {
      values[key] = text;
    },
    removeItem: (/** @type {string} */ key) => delete values[key],
  })) {
    Object.defineProperty(storage, name, {value});
  }
  /** @type {Set<{run: (message: any) => void, tab: number}>} */
  const listeners = new Set();
  let tabs = 0;
  return {
    values,
    /** Messages between the tabs get lost from now on. */
    freeze: () => (isFrozen = true),
    thaw: () => (isFrozen = false),
    /** @param {(refresh: string) => any} respond */
    tab(respond) {
      tabs += 1;
      const tab = tabs;
      const channel = {
        /** @param {any} message */
        post(message) {
          if (isFrozen) return;
          for (const one of listeners) if (one.tab !== tab) queueMicrotask(() => one.run(message));
        },
        /** @param {(message: any) => void} run */
        listen(run) {
          const one = {run, tab};
          listeners.add(one);
          return () => listeners.delete(one);
        },
      };
      /** @type {any} */
      const lock = (/** @type {string} */ _name, /** @type {() => Promise<any>} */ run) => {
        const turn = queue.then(run);
        queue = turn.catch(() => {});
        return turn;
      };
      /** @type {any} */
      const fetch = async (/** @type {URL} */ _url, /** @type {{body: string}} */ {body}) => {
        const answer = await respond(JSON.parse(body).refresh);
        return new Response(JSON.stringify(answer ?? {}), {status: answer === null ? 401 : 200});
      };
      const page = new EventTarget();
      pages.push(page);
      const session = makeSession({
        base: BASE,
        local: makeLocal(() => storage, /** @type {any} */ (page)),
        fetch,
        channel,
        lock,
      });
      /** @type {string[]} */
      const changes = [];
      session.onChange((change) => changes.push(change));
      return {...session, changes};
    },
  };
}

/** A server that exchanges each token once, as ours does after its grace period. */
function makeServer() {
  let newest = 0;
  const used = new Set();
  return {
    get refreshes() {
      return used.size;
    },
    /** @param {string} refresh */
    async exchange(refresh) {
      await new Promise((resolve) => setTimeout(resolve));
      if (used.has(refresh)) return null;
      used.add(refresh);
      newest += 1;
      return {access: `a${newest}`, refresh: `r${newest}`};
    },
  };
}

/** @param {number} count */
function tabsOf(count) {
  const browser = makeBrowser();
  const server = makeServer();
  browser.values["minichat:session"] = '{"refresh":"r0","user":1}';
  const open = () => browser.tab(server.exchange);
  return {browser, server, open, tabs: Array.from({length: count}, open)};
}

test("five tabs that open at once refresh once and get one access token", async () => {
  const {server, tabs} = tabsOf(5);
  const answers = await Promise.all(tabs.map((tab) => tab.access()));
  assert.deepEqual(new Set(answers), new Set(["a1"]));
  assert.equal(server.refreshes, 1);
});

test("five tabs whose access token has expired refresh once", async () => {
  const {server, tabs} = tabsOf(5);
  await Promise.all(tabs.map((tab) => tab.access()));
  const answers = await Promise.all(tabs.map((tab) => tab.renewed("a1")));
  assert.deepEqual(new Set(answers), new Set(["a2"]));
  assert.equal(server.refreshes, 2);
  assert.equal(await tabs[3].access(), "a2");
});

test("a tab that missed all messages refreshes from the stored token", async () => {
  const {browser, server, tabs} = tabsOf(2);
  await tabs[0].access();
  browser.freeze();
  await tabs[0].renewed("a1");
  assert.equal(await tabs[1].renewed("a1"), "a3");
  assert.equal(server.refreshes, 3);
  assert.equal(tabs[1].exists(), true);
});

test("a log-out reaches all tabs, also one that was frozen meanwhile", async () => {
  const {browser, tabs} = tabsOf(3);
  await tabs[0].access();
  browser.freeze();
  assert.equal(tabs[0].forget(), "r1");
  tabs[1].check();
  assert.deepEqual(tabs[1].changes, ["out"]);
  await assert.rejects(tabs[2].renewed("a1"), SessionEnded);
  assert.deepEqual(tabs[2].changes, ["out"]);
  assert.deepEqual(tabs[0].changes, []);
});

test("a session that the server has ended is over in all tabs, which know why", async () => {
  const browser = makeBrowser();
  browser.values["minichat:session"] = '{"refresh":"r0","user":1}';
  const [first, second] = [browser.tab(() => null), browser.tab(() => null)];
  await assert.rejects(first.access(), SessionEnded);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([first.changes, second.changes], [["ended"], ["ended"]]);
  assert.equal(browser.tab(() => null).endedUser(), 1);
});

test("a request of one user never gets the token of another who has logged in meanwhile", async () => {
  const {browser, open, tabs} = tabsOf(1);
  await tabs[0].access();
  const second = open();
  browser.freeze();
  second.forget();
  second.begin({access: "of another", refresh: "x"}, 2);
  await assert.rejects(tabs[0].renewed("a1"), SessionEnded);
  assert.deepEqual(tabs[0].changes, ["in"]);
});

test("a log-out during a refresh is not undone by its answer", async () => {
  const {browser, tabs} = tabsOf(2);
  const answer = tabs[0].access();
  await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
  browser.freeze();
  tabs[1].forget();
  await assert.rejects(answer, SessionEnded);
  assert.equal(browser.values["minichat:session"], undefined);
});
