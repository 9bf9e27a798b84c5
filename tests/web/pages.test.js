// Addresses of pages, texts, times, and what the browser stores.

import assert from "node:assert/strict";
import {test} from "node:test";
import {href, parseRoute} from "../../src/minichat/web/scripts/router.js";
import {makeLocal} from "../../src/minichat/web/scripts/storage/local.js";
import {daysAgo, short} from "../../src/minichat/web/scripts/text/time.js";
import en from "../../src/minichat/web/scripts/texts/en.js";
import ru from "../../src/minichat/web/scripts/texts/ru.js";
import {chooseLanguage, t, useLanguage} from "../../src/minichat/web/scripts/texts/texts.js";

test("an address and its page are the same in both directions", () => {
  for (const hash of [
    "#/",
    "#/rooms/7",
    "#/rooms/7/messages/123",
    "#/settings",
    "#/settings/sessions",
    "#invite=aB-_9",
  ]) {
    assert.equal(href(parseRoute(hash)), hash);
  }
  assert.deepEqual(parseRoute(""), {page: "home"});
  for (const hash of ["#/rooms/x", "#/rooms/0", "#/rooms/7/messages/", "#/what"]) {
    assert.notEqual(parseRoute(hash).page === "room" && /** @type {any} */ (parseRoute(hash)).message, true, hash);
  }
  assert.equal(parseRoute("#/rooms/x").page, "other");
  for (const page of /** @type {const} */ (["reset", "verify"])) {
    assert.deepEqual(parseRoute(`#${page}=a-b_c`), {page, token: "a-b_c"});
    assert.equal(href(parseRoute(`#${page}=a-b_c`)), `#/${page}`, "the address holds no token");
    for (const ending of [".", ")", "%3E", "&utm_source=mail"]) {
      assert.deepEqual(
        parseRoute(`#${page}=a-b_c${ending}`),
        {page, token: "a-b_c"},
        "mail programs add text to links",
      );
    }
  }
});

test("both languages have the same keys, values and all plural forms", () => {
  assert.deepEqual(Object.keys(ru), Object.keys(en));
  const values = (/** @type {unknown} */ text) => new Set(JSON.stringify(text).match(/\{\w+\}/g));
  for (const [language, texts] of /** @type {const} */ ([
    ["en", en],
    ["ru", ru],
  ])) {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.sort();
    for (const [key, text] of Object.entries(texts)) {
      assert.deepEqual(values(text), values(en[/** @type {keyof typeof en} */ (key)]), key);
      if (typeof text !== "string") assert.deepEqual(Object.keys(text).sort(), forms, `${language} ${key}`);
    }
  }
});

test("a text takes its values, and its plural form by the count", async () => {
  await useLanguage("ru");
  assert.equal(t("room.typing_one", {name: "{x}"}), "{x} печатает…");
  assert.equal(t("room.members", {count: 1}), "1 участник");
  assert.equal(t("room.members", {count: 3}), "3 участника");
  assert.equal(t("room.members", {count: 12}), "12 участников");
  await useLanguage("en");
  assert.equal(t("room.members", {count: 1}), "1 member");
});

test("the language is the chosen one, or the first that the browser prefers and we have", () => {
  assert.equal(chooseLanguage("ru", ["en-GB"]), "ru");
  assert.equal(chooseLanguage("system", ["de-DE", "ru-RU", "en"]), "ru");
  assert.equal(chooseLanguage("system", ["de"]), "en");
});

test("days are counted by the calendar", () => {
  const late = new Date(2026, 10, 24, 23, 59).getTime();
  const early = new Date(2026, 10, 25, 0, 1).getTime();
  assert.equal(daysAgo(late, early), 1);
  assert.equal(daysAgo(early, early), 0);
  assert.equal(short(late, "en", late), "23:59");
});

/** @param {number} room The number of characters that fit. @returns {Storage} */
function storageOf(room) {
  /** @type {Record<string, string>} */
  const values = {};
  const methods = {
    getItem: (/** @type {string} */ key) => values[key] ?? null,
    setItem(/** @type {string} */ key, /** @type {string} */ value) {
      if (key.length + value.length > room) throw new Error("full");
      values[key] = value;
    },
    removeItem: (/** @type {string} */ key) => delete values[key],
  };
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(values, name, {value});
  return /** @type {any} */ (values);
}

test("with blocked or full storage values live in memory, and a wipe forgets them", () => {
  const blocked = () => {
    throw new Error("blocked");
  };
  for (const open of [blocked, () => storageOf(0), () => storageOf(1_000)]) {
    const storage =
      open === blocked
        ? open
        : (
            (one) => () =>
              one
          )(open());
    const local = makeLocal(storage);
    local.set("draft/1/7", {text: "hello"});
    local.set("settings", {theme: "dark"});
    assert.deepEqual(local.get("draft/1/7", null), {text: "hello"});
    assert.deepEqual(local.keys().sort(), ["draft/1/7", "settings"]);
    local.wipe(["settings"]);
    assert.deepEqual(local.keys(), ["settings"]);
    assert.equal(local.get("draft/1/7", null), null);
  }
});

test("in a full storage values survive a reload of their tab, until a log-out of any tab", () => {
  const tab = storageOf(1_000);
  const inFull = () =>
    makeLocal(
      () => storageOf(0),
      globalThis,
      () => tab,
    );
  inFull().set("outbox/1/a", {content: "hello"});
  assert.deepEqual(inFull().get("outbox/1/a", null), {content: "hello"});
  assert.deepEqual(inFull().keys(), ["outbox/1/a"]);
  inFull().wipe();
  assert.equal(inFull().get("outbox/1/a", null), null);
  inFull().set("outbox/1/b", {content: "hello"});
  inFull().forget();
  assert.deepEqual(inFull().keys(), []);

  const local = storageOf(1_000);
  tab.setItem("minichat:outbox/1/c", '"old"');
  makeLocal(
    () => local,
    globalThis,
    () => tab,
  ).set("outbox/1/c", "new");
  assert.equal(
    makeLocal(
      () => local,
      globalThis,
      () => tab,
    ).get("outbox/1/c", null),
    "new",
  );
});

test("a value that another program has broken counts as missing", () => {
  const storage = storageOf(1_000);
  storage.setItem("minichat:settings", "{");
  assert.deepEqual(makeLocal(() => storage).get("settings", {}), {});
});
