// Properties of every module of the web client.

import assert from "node:assert/strict";
import {globSync, readFileSync} from "node:fs";
import {test} from "node:test";

const FOLDER = new URL("../../src/minichat/web/", import.meta.url);
const ENTRANCES = ["start.js", "scripts/main.js"];
const MODULES = globSync("**/*.js", {cwd: FOLDER});
const LONGEST = 300;

/** @param {string} name */
const linesOf = (name) => readFileSync(new URL(name, FOLDER), "utf8").split("\n");

test("a module does nothing when it is loaded: only the entrances need a page", async () => {
  for (const name of MODULES.filter((module) => !ENTRANCES.includes(module))) {
    await assert.doesNotReject(import(new URL(name, FOLDER).href), name);
  }
});

test("every module opens with its job, and is short", () => {
  for (const name of MODULES) {
    const lines = linesOf(name);
    assert.match(lines[0] ?? "", /^\/[*/]/, `${name} begins without a comment`);
    assert.ok(name.startsWith("scripts/texts/") || lines.length <= LONGEST, `${name} has ${lines.length} lines`);
  }
});

test("the entrances exist", () => {
  for (const name of ENTRANCES) assert.ok(MODULES.includes(name), name);
});
