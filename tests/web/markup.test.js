// The text of messages: links, markers, code, mentions.

import assert from "node:assert/strict";
import {test} from "node:test";
import {isEmojiAlone} from "../../src/minichat/web/scripts/text/emoji.js";
import {parse, plain} from "../../src/minichat/web/scripts/text/markup.js";

/** @typedef {import("../../src/minichat/web/scripts/text/markup.js").Span} Span */

const BEN = {id: 2, username: "ben", full_name: "Ben Stone"};
const ZOE = {id: 3, username: "zoe.x", full_name: ""};

/** @param {Span} span @returns {string} */
function written(span) {
  if (span.kind === "bold") return `<b>${span.children.map(written).join("")}</b>`;
  if (span.kind === "italic") return `<i>${span.children.map(written).join("")}</i>`;
  if (span.kind === "code") return `<code>${span.text}</code>`;
  if (span.kind === "link") return `<a>${span.text}</a>`;
  if (span.kind === "mention") return `<user ${span.user}>${span.text}</user>`;
  if (span.kind === "everybody") return `<all>${span.text}</all>`;
  return span.text;
}

/** @param {string} content @param {import("../../src/minichat/web/scripts/text/markup.js").Mentions} [mentions] */
function shown(content, mentions) {
  return parse(content, mentions)
    .map((block) =>
      block.kind === "code" ? `<pre ${block.language}>${block.text}</pre>` : block.spans.map(written).join(""),
    )
    .join("");
}

/** @param {Record<string, string>} cases The shown form by the text. */
function expectShown(cases) {
  for (const [content, expected] of Object.entries(cases)) assert.equal(shown(content), expected);
}

/** @param {string} content */
const links = (content) =>
  parse(content).flatMap((block) =>
    block.kind === "lines" ? block.spans.flatMap((span) => (span.kind === "link" ? [span.href] : [])) : [],
  );

test("a link keeps its own punctuation and leaves that of the sentence", () => {
  expectShown({
    "See https://example.org.": "See <a>https://example.org</a>.",
    "https://example.org/a,b, and https://example.org/c!":
      "<a>https://example.org/a,b</a>, and <a>https://example.org/c</a>!",
    "(https://example.org/a)": "(<a>https://example.org/a</a>)",
    "(https://example.org/wiki/Foo_(bar))": "(<a>https://example.org/wiki/Foo_(bar)</a>)",
    "https://example.org/wiki/Foo_(bar)).": "<a>https://example.org/wiki/Foo_(bar)</a>).",
    "https://example.org/?a[1]=2&b=[3]": "<a>https://example.org/?a[1]=2&b=[3]</a>",
    '"https://example.org/a"': '"<a>https://example.org/a</a>"',
    "«https://example.org/a»": "«<a>https://example.org/a</a>»",
    "https://example.org/a's": "<a>https://example.org/a's</a>",
    "'https://example.org/a'": "'<a>https://example.org/a</a>'",
    "<https://example.org/a>": "<<a>https://example.org/a</a>>",
    "看https://example.org/a。好": "看<a>https://example.org/a</a>。好",
    "https://example.org/a?": "<a>https://example.org/a</a>?",
    "https://example.org…": "<a>https://example.org</a>…",
  });
});

test("a link may have a port, a fragment, and letters of any script", () => {
  assert.deepEqual(links("http://localhost:8000/a/?b=c#d-1"), ["http://localhost:8000/a/?b=c#d-1"]);
  assert.deepEqual(links("https://президент.рф/путь"), ["https://xn--d1abbgf6aiiy.xn--p1ai/%D0%BF%D1%83%D1%82%D1%8C"]);
  assert.deepEqual(links("HTTPS://EXAMPLE.ORG/A"), ["https://example.org/A"]);
  assert.deepEqual(links("www.example.org/a."), ["https://www.example.org/a"]);
  assert.deepEqual(links("write to ann_b@example.org, please"), ["mailto:ann_b@example.org"]);
  assert.deepEqual(links("mailto:ann@example.org?subject=Hi"), ["mailto:ann@example.org?subject=Hi"]);
});

test("only http, https and mailto become links", () => {
  for (const content of [
    "javascript:alert(1)",
    "data:text/html,<b>x</b>",
    "file:///etc/passwd",
    "javascript:https://",
    "https://",
    "http://:80",
    "www.",
    "a@b",
    "xhttps://example.org",
    "https://bank.example@evil.example/",
    "www.bank.example:x@evil.example",
  ]) {
    assert.deepEqual(links(content), [], content);
  }
});

test("underscores inside words and addresses stay text", () => {
  expectShown({
    "snake_case_name and __init__ and a_b": "snake_case_name and __init__ and a_b",
    имя_с_чертой: "имя_с_чертой",
    "https://example.org/_a_/b_c_ d": "<a>https://example.org/_a_/b_c_</a> d",
    "example.org/_a_/b": "example.org/_a_/b",
    "ann_b_c@example.org": "<a>ann_b_c@example.org</a>",
    "_https://example.org/a_b_": "<i><a>https://example.org/a_b</a></i>",
    _a_b_: "<i>a_b</i>",
    "5 _ 6 _ 7": "5 _ 6 _ 7",
  });
});

test("markers nest, and an unclosed one stays text", () => {
  expectShown({
    "**bold** and _italic_": "<b>bold</b> and <i>italic</i>",
    "**a _b_ c**": "<b>a <i>b</i> c</b>",
    "_**a**_": "<i><b>a</b></i>",
    "(_a_), «**b**».": "(<i>a</i>), «<b>b</b>».",
    "**a _b** c_": "<b>a _b</b> c_",
    "**open and _open": "**open and _open",
    "2 ** 3 ** 4": "2 ** 3 ** 4",
    "**** and ** ** and __": "**** and ** ** and __",
    "**two\nlines**": "<b>two\nlines</b>",
    "**a\n\nb**": "**a\n\nb**",
    "**https://example.org/a**": "<b><a>https://example.org/a</a></b>",
    "**_`x`_**": "<b><i><code>x</code></i></b>",
  });
});

test("nothing inside code is markup", () => {
  expectShown({
    "`**a** _b_ https://example.org`": "<code>**a** _b_ https://example.org</code>",
    "``a ` b``": "<code>a ` b</code>",
    "`open **b**": "`open <b>b</b>",
    "`a\nb`": "`a\nb`",
    "` `": "` `",
    "**a `b** c`": "**a <code>b** c</code>",
  });
});

test("fenced code keeps its lines, may name its language, and needs an end", () => {
  expectShown({
    "```js\nlet a = 1;\n\n  **b**\n```": "<pre js>let a = 1;\n\n  **b**</pre>",
    "before\n```\ncode\n```\nafter": "before<pre >code</pre>after",
    "```one line```": "<pre >one line</pre>",
    "```not a label\ncode\n```": "<pre >not a label\ncode</pre>",
    "```\nopen **b**": "```\nopen <b>b</b>",
    "```\n```": "```\n```",
    "a ```b``` c": "a <code>b</code> c",
    "```\na\n```\n```\nb\n```": "<pre >a</pre><pre >b</pre>",
  });
});

test("a mention is found where the server finds it", () => {
  const mentions = {people: [BEN, ZOE], everybody: true};
  /** @type {Record<string, string>} */
  const cases = {
    "@ben, hi": "<user 2>@ben</user>, hi",
    "@BEN!": "<user 2>@BEN</user>!",
    "(@ben)": "(<user 2>@ben</user>)",
    "@zoe.x.": "<user 3>@zoe.x</user>.",
    "@Ben Stone hi": "<user 2>@Ben Stone</user> hi",
    "@Ben Stonehenge": "<user 2>@Ben</user> Stonehenge",
    "@benny a@ben /@ben": "@benny a@ben /@ben",
    "@all": "<all>@all</all>",
    "**@ben**": "<b><user 2>@ben</user></b>",
    "`@ben`": "<code>@ben</code>",
    "https://example.org/@ben": "<a>https://example.org/@ben</a>",
  };
  for (const [content, expected] of Object.entries(cases)) assert.equal(shown(content, mentions), expected);
  assert.equal(shown("@ben @all"), "@ben @all", "the server found nobody");
});

test("markup of other languages is text", () => {
  expectShown({"<b>a</b> &amp; [a](https://example.org)": "<b>a</b> &amp; [a](<a>https://example.org</a>)"});
});

test("parsing takes little time on hostile texts", () => {
  const long = (/** @type {string} */ part) => part.repeat(Math.ceil(4_000 / part.length)).slice(0, 4_000);
  const texts = [
    "a",
    "**",
    "**a ",
    "_a ",
    "**_",
    "`",
    "`a``",
    "```\n",
    "```a\n",
    "@ben ",
    "a@",
    "a.",
    "a-",
    "http://",
    "http://:",
  ];
  texts.push("https://a.org/", "www.", "mailto:", "\n", " ", "((", "**a _b ", "a@b.", "@");
  const nested = [`https://a.org/${"(".repeat(1_990)}${")".repeat(1_990)}`, `https://a.org/${")".repeat(3_980)}`];
  for (const content of [...texts.map(long), ...nested]) {
    const times = Array.from({length: 5}, () => {
      const start = process.cpuUsage();
      parse(content, {people: [BEN, ZOE], everybody: true});
      return process.cpuUsage(start).user / 1_000;
    });
    assert.ok(Math.min(...times) < 100, content.slice(0, 20));
  }
});

test("one line of a text has neither markers nor line breaks", () => {
  assert.equal(plain("**a** _b_\n```js\nlet c;\n```"), "a b let c;");
});

test("a few emoji without any text are recognised", () => {
  for (const text of ["👍", "❤️", "👍🏽👍🏽", "🇷🇺", "👨‍👩‍👧‍👦", "1️⃣", " 😀 😀 😀 "]) assert.ok(isEmojiAlone(text), text);
  for (const text of ["", "1", "12", "👍 ok", "😀😀😀😀", "#", "©", "да"]) assert.ok(!isEmojiAlone(text), text);
});
