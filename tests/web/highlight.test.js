// What a search has found in a message.

import assert from "node:assert/strict";
import {test} from "node:test";
import {excerpt, highlight} from "../../src/minichat/web/scripts/text/highlight.js";

/** @param {string} text @param {string} query */
const marked = (text, query) =>
  highlight(text, query)
    .map((part) => (part.isHit ? `[${part.text}]` : part.text))
    .join("");

test("words are found where a word begins with them, whatever their case, width and marks", () => {
  assert.equal(marked("The teapot and the tea", "TEA"), "The [tea]pot and the [tea]");
  assert.equal(marked("steam", "tea"), "steam");
  assert.equal(marked("José met Алёна", "jose алена"), "[José] met [Алёна]");
  assert.equal(marked("Ｔｅａ", "tea"), "[Ｔｅａ]");
  assert.equal(marked("Jose\u0301!", "josé"), "[Jose\u0301]!");
});

test("scripts without spaces are found anywhere, and emoji are words", () => {
  assert.equal(marked("我喜欢喝茶", "茶"), "我喜欢喝[茶]");
  assert.equal(marked("done 🎉", "🎉"), "done [🎉]");
});

test("signs of the query find nothing", () => {
  assert.equal(marked("a.b*c", "*"), "a.b*c");
  assert.equal(marked("(tea)", "(tea"), "([tea])");
});

test("an excerpt begins shortly before the first hit", () => {
  const text = `${"word ".repeat(100)}needle in the haystack`;
  const parts = excerpt(text, "needle", 80);
  const shown = parts.map((part) => part.text).join("");
  assert.ok(shown.startsWith("…word"), shown);
  assert.ok(parts.some((part) => part.isHit && part.text === "needle"));
  assert.ok(shown.length < 90);
  assert.deepEqual(excerpt("short\n\ntext", "", 80), [{text: "short text", isHit: false}]);
});
