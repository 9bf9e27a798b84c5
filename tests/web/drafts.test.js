// Drafts and the outbox: editing and replying, and several tabs with one storage.

import assert from "node:assert/strict";
import {test} from "node:test";
import {startKeeping} from "../../src/minichat/web/scripts/actions/keeping.js";
import {sendAll, startSending} from "../../src/minichat/web/scripts/actions/sending.js";
import {makeApp} from "../../src/minichat/web/scripts/app.js";
import {makeLocal} from "../../src/minichat/web/scripts/storage/local.js";
import {setCooldown, writableAt} from "../../src/minichat/web/scripts/store/cooldowns.js";
import * as drafts from "../../src/minichat/web/scripts/store/drafts.js";
import {putMessages} from "../../src/minichat/web/scripts/store/messages.js";
import {addEntry, removeEntry} from "../../src/minichat/web/scripts/store/outbox.js";
import {removeRoom} from "../../src/minichat/web/scripts/store/rooms.js";
import {ANN, annInRoom, BEN, message, ROOM, stateOfAnn} from "./fixtures.js";
import {serve} from "./servers.js";

const {draftOf, setDraft} = drafts;
const flushed = () => new Promise((resolve) => setTimeout(resolve));

/** @param {string} clientId @param {number} [createdAt] */
const entry = (clientId, createdAt = 1) => ({
  clientId,
  room: ROOM,
  content: `text of ${clientId}`,
  replyTo: null,
  mentionIds: [],
  createdAt,
  state: /** @type {const} */ ("waiting"),
  problem: "",
});

test("the text of the composer returns after the editing of a message", () => {
  const mine = message(1, {user: ANN, content: "sent"});
  const other = message(2, {user: ANN, content: "sent, too"});
  let state = setDraft(annInRoom(3), ROOM, {text: "draft", replyTo: 103});
  state = drafts.beginEdit(state, mine);
  assert.deepEqual([draftOf(state, ROOM).text, draftOf(state, ROOM).replyTo], ["sent", null]);
  state = setDraft(state, ROOM, {text: "changed"});
  assert.equal(drafts.beginEdit(state, mine), state, "a second start loses nothing");
  state = drafts.endEdit(drafts.beginEdit(state, other), ROOM);
  assert.deepEqual(draftOf(state, ROOM), {...drafts.EMPTY_DRAFT, text: "draft", replyTo: 103});
  assert.equal(drafts.endEdit(state, ROOM), state);
});

test("a reply ends the editing and keeps the text", () => {
  let state = drafts.beginEdit(setDraft(annInRoom(3), ROOM, {text: "draft"}), message(1, {user: ANN}));
  state = drafts.beginReply(state, ROOM, message(2));
  assert.deepEqual(draftOf(state, ROOM), {...drafts.EMPTY_DRAFT, text: "draft", replyTo: 102});
});

test("a chosen person is mentioned as long as their name is in the text", () => {
  const mentions = [
    {id: 2, name: "Ben Stone"},
    {id: 3, name: "zoe"},
  ];
  const idsIn = (/** @type {string} */ text) => drafts.mentionedIn({...drafts.EMPTY_DRAFT, text, mentions});
  assert.deepEqual(idsIn("hi @Ben Stone, @zoe"), [2, 3]);
  assert.deepEqual(idsIn("hi @Ben Stonehenge, zoe"), []);
});

test("a message that was not sent goes back into the composer, before the text there", () => {
  const failed = {...entry("c1"), replyTo: 101, mentionIds: [BEN.id]};
  let state = addEntry(setDraft(annInRoom(2), ROOM, {text: "more"}), failed);
  state = drafts.takeBack({...state, people: new Map([[BEN.id, BEN]])}, failed);
  assert.deepEqual(state.outbox, []);
  assert.equal(draftOf(state, ROOM).text, "text of c1\nmore");
  assert.deepEqual(draftOf(state, ROOM).mentions, [{id: BEN.id, name: "ben"}]);
  assert.equal(draftOf(state, ROOM).replyTo, 101);
});

test("a removal from a room loses nothing that the user has written", () => {
  const state = removeRoom(addEntry(setDraft(annInRoom(1), ROOM, {text: "draft"}), entry("c1")), ROOM);
  assert.equal(draftOf(state, ROOM).text, "draft");
  assert.equal(state.outbox.length, 1);
});

test("a member waits for the pause between messages, an owner does not", () => {
  const mine = message(2, {user: ANN, timestamp: new Date(50_000).toISOString()});
  const slow = (/** @type {"member" | "owner"} */ role) => {
    const state = annInRoom(1, {cooldown: 30, role});
    return {...state, histories: new Map([[ROOM, {messages: [message(1), mine], reachesStart: true}]])};
  };
  const at = (/** @type {import("../../src/minichat/web/scripts/store/state.js").State} */ state, now = 60_000) =>
    writableAt(state, ROOM, now);
  assert.equal(at(slow("member")), 80_000);
  assert.equal(at(slow("member"), 40_000), 0, "a clock that is wrong prevents nothing");
  assert.equal(at(slow("owner")), 0);
  assert.equal(at(setCooldown(slow("member"), ROOM, 60_000)), 90_000);
  assert.equal(at(setCooldown(slow("member"), ROOM, 60_000, 25)), 85_000);
  assert.equal(at(annInRoom(1)), 0);
});

/** A browser: one storage, and the tabs that hear of each other's changes. */
class Browser {
  /** @type {Map<string, string>} */
  values = new Map();
  /** @type {EventTarget[]} */
  pages = [];

  /** Open a tab of Ann. @param {URL} [base] */
  opens(base = new URL("http://localhost/")) {
    const page = new EventTarget();
    this.pages.push(page);
    const storage = new Proxy(/** @type {any} */ ({}), {
      get: (_target, name) => /** @type {any} */ (this.methodsOf(page))[name],
      ownKeys: () => [...this.values.keys()],
      getOwnPropertyDescriptor: () => ({enumerable: true, configurable: true}),
    });
    const app = makeApp(
      base,
      makeLocal(() => storage, page),
    );
    app.session.begin({access: "a", refresh: "r"});
    app.store.update(() => annInRoom(2));
    const end = new AbortController();
    const window = /** @type {any} */ (globalThis);
    const shown = new EventTarget();
    window.addEventListener = shown.addEventListener.bind(shown);
    startKeeping(app, ANN.id, end.signal);
    delete window.addEventListener;
    return {
      app,
      returns: () => shown.dispatchEvent(Object.assign(new Event("pageshow"), {persisted: true})),
      closes: () => end.abort(),
      writes: async (/** @type {Partial<import("../../src/minichat/web/scripts/store/state.js").Draft>} */ change) => {
        app.store.update((state) => setDraft(state, ROOM, change));
        await flushed();
      },
      draft: () => draftOf(app.store.get(), ROOM),
      outbox: () => app.store.get().outbox.map(({clientId}) => clientId),
    };
  }

  /** @param {EventTarget} page */
  methodsOf(page) {
    const change = (/** @type {string} */ key, /** @type {string | null} */ newValue) => {
      const oldValue = this.values.get(key) ?? null;
      if (newValue === null) this.values.delete(key);
      else this.values.set(key, newValue);
      if (newValue === oldValue) return;
      for (const other of this.pages) {
        if (other !== page) other.dispatchEvent(Object.assign(new Event("storage"), {key, newValue, oldValue}));
      }
    };
    return {
      getItem: (/** @type {string} */ key) => this.values.get(key) ?? null,
      setItem: change,
      removeItem: (/** @type {string} */ key) => change(key, null),
    };
  }
}

test("a draft survives a closed tab, with its reply", async () => {
  const browser = new Browser();
  const first = browser.opens();
  await first.writes({text: "draft", replyTo: 101});
  first.closes();
  assert.deepEqual(browser.opens().draft(), {...drafts.EMPTY_DRAFT, text: "draft", replyTo: 101});
});

test("the latest draft of all tabs stays, in every tab", async () => {
  const browser = new Browser();
  const [first, second] = [browser.opens(), browser.opens()];
  await first.writes({text: "one"});
  assert.equal(second.draft().text, "one");
  await second.writes({text: "one, two"});
  first.app.store.update((state) => ({...state, link: "live"}));
  await flushed();
  assert.equal(first.draft().text, "one, two");
  await first.writes({text: ""});
  assert.equal(second.draft().text, "");
  assert.equal(browser.opens().draft().text, "");
});

test("the later draft stays where the clock is set back", async (context) => {
  const browser = new Browser();
  const [first, second] = [browser.opens(), browser.opens()];
  context.mock.timers.enable({apis: ["Date"], now: 60_000});
  await first.writes({text: "one"});
  context.mock.timers.setTime(30_000);
  await second.writes({text: "one, two"});
  assert.equal(first.draft().text, "one, two");
});

test("a tab shows the unsent messages of another, once and in their order", async () => {
  const browser = new Browser();
  const [first, second] = [browser.opens(), browser.opens()];
  first.app.store.update((state) => addEntry(state, entry("c1", 1)));
  second.app.store.update((state) => addEntry(state, entry("c3", 3)));
  await flushed();
  first.app.store.update((state) => addEntry(state, entry("c2", 2)));
  await flushed();
  for (const tab of [first, second, browser.opens()]) assert.deepEqual(tab.outbox(), ["c1", "c2", "c3"]);
  second.app.store.update((state) => removeEntry(state, "c1"));
  await flushed();
  assert.deepEqual(first.outbox(), ["c2", "c3"]);
});

test("an entry of another tab whose message has arrived is not shown again", async () => {
  const browser = new Browser();
  const [first, second] = [browser.opens(), browser.opens()];
  const sent = message(3, {user: ANN, client_id: "c1"});
  second.app.store.update((state) => putMessages(state, ROOM, [sent]));
  first.app.store.update((state) => addEntry(state, entry("c1", 1)));
  await flushed();
  assert.deepEqual(second.outbox(), []);
});

test("a log-out in another tab leaves nothing, even if this one is still open", async () => {
  const browser = new Browser();
  const [first, second] = [browser.opens(), browser.opens()];
  await first.writes({text: "secret"});
  second.app.session.forget();
  second.app.local.wipe();
  second.app.store.update(() => stateOfAnn({account: null}));
  await flushed();
  assert.equal(first.draft().text, "");
  await first.writes({text: "more secrets"});
  assert.deepEqual([...browser.values.keys()], []);
});

test("of two tabs that show the same unsent messages, one sends each, in their order", async () => {
  /** @type {string[]} */
  const received = [];
  const base = await serve(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    const body = JSON.parse(text);
    received.push(body.client_id);
    const answer = message(10 + received.length, {user: ANN, content: body.content, client_id: body.client_id});
    setTimeout(() => {
      response.writeHead(201, {"Content-Type": "application/json"});
      response.end(JSON.stringify(answer));
    }, 20);
  });
  const browser = new Browser();
  const tabs = [browser.opens(base), browser.opens(base)];
  const {signal} = new AbortController();
  tabs[0].app.store.update((state) => ["c1", "c2", "c3"].map((id, at) => entry(id, at)).reduce(addEntry, state));
  await flushed();
  for (const {app} of tabs) startSending(app, signal);
  for (const {app} of tabs) sendAll(app);
  while (tabs.some(({outbox}) => outbox().length > 0)) await flushed();
  assert.deepEqual(received, ["c1", "c2", "c3"]);
  assert.deepEqual(
    [...browser.values.keys()].filter((key) => key.includes("outbox")),
    [],
  );
});

test("a page that returns from the browser's cache shows the drafts and entries of now", async () => {
  const browser = new Browser();
  const [frozen, other] = [browser.opens(), browser.opens()];
  await frozen.writes({text: "old"});
  frozen.app.store.update((state) => addEntry(state, entry("c1")));
  await flushed();
  browser.pages.shift(); // it hears of nothing
  await other.writes({text: "new"});
  other.app.store.update((state) => addEntry(removeEntry(state, "c1"), entry("c2")));
  await flushed();
  assert.equal(frozen.draft().text, "old");
  frozen.returns();
  assert.equal(frozen.draft().text, "new");
  assert.deepEqual(frozen.outbox(), ["c2"]);
});
