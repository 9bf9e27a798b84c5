/**
 * The text of a message as blocks and spans: fenced code, **bold**, _italic_, `code`, links and mentions; everything else
 * is text. Parsing takes time proportional to the length, whatever the text is. Pure functions only.
 *
 * @typedef {{id: number, username: string, full_name: string}} Mentioned
 * @typedef {{kind: "text", text: string} | {kind: "code", text: string} | {kind: "link", text: string, href: string} |
 *   {kind: "mention", text: string, user: number} | {kind: "everybody", text: string} |
 *   {kind: "bold", children: Span[]} | {kind: "italic", children: Span[]}} Span
 * @typedef {{kind: "lines", spans: Span[]} | {kind: "code", text: string, language: string}} Block
 *
 * @typedef {object} Mentions Whom the server found in the message.
 * @property {readonly Mentioned[]} [people]
 * @property {boolean} [everybody]
 */
import {linkFinder} from "./links.js";
import {mentionFinder} from "./mentions.js";

const FENCE = "```";
const LABEL = /^[\p{L}\p{N}_+#.-]{1,30}$/u;

/** @typedef {keyof typeof MARKERS} Marker */

/** Where something other than text may begin. */
const STARTS =
  /https?:\/\/|www\.|mailto:|(?<![\p{L}\p{N}.%+-])[\p{L}\p{N}][\p{L}\p{N}._%+-]{0,63}@(?=[\p{L}\p{N}])|@|`+|\*+|_+|\n[ \t]*\n/giu;

const MARKERS = /** @type {const} */ ({"**": "bold", _: "italic"});
const BEFORE_ITALIC = /^[\s([{"'«“„‘*,;:!?…—–-]?$/u;
const AFTER_ITALIC = /^[\s)\]}"'»”’*.,;:!?…—–-]?$/u;

/**
 * @param {string} content
 * @param {Mentions} [mentions]
 * @returns {Block[]}
 */
export function parse(content, mentions = {}) {
  const findMention = mentionFinder(mentions.people ?? [], mentions.everybody ?? false);
  /** @type {Block[]} */
  const blocks = [];
  for (const part of withoutFences(content)) {
    if (part.kind === "code") blocks.push(part);
    else if (part.text.trim() !== "")
      blocks.push({kind: "lines", spans: spansOf(withoutEmptyEnds(part.text), findMention)});
  }
  return blocks;
}

/** @param {string} text */
function withoutEmptyEnds(text) {
  let first = 0;
  while (text[first] === "\n") first += 1;
  return text.slice(first).trimEnd();
}

/**
 * Split a text at its fenced code. A fence without an end is text.
 * @param {string} content
 * @returns {({kind: "text", text: string} | {kind: "code", text: string, language: string})[]}
 */
function withoutFences(content) {
  if (!content.includes(FENCE)) return [{kind: "text", text: content}];
  const parts = [];
  const lines = content.split("\n");
  let first = 0;
  let opening = -1;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at].trimEnd();
    const isOpening = opening < 0 && line.startsWith(FENCE);
    const hasContent = isOpening ? line.length > 2 * FENCE.length : opening >= 0;
    if (isOpening) opening = at;
    if (!hasContent || !line.endsWith(FENCE) || line.endsWith(`\`${FENCE}`)) continue;
    const code = codeOf([...lines.slice(opening, at), line]);
    if (code) {
      if (opening > first)
        parts.push({kind: /** @type {const} */ ("text"), text: lines.slice(first, opening).join("\n")});
      parts.push(code);
      first = at + 1;
    }
    opening = -1;
  }
  if (first < lines.length) parts.push({kind: /** @type {const} */ ("text"), text: lines.slice(first).join("\n")});
  return parts;
}

/**
 * @param {string[]} lines From the opening fence to the closing one.
 */
function codeOf(lines) {
  const text = lines.join("\n").slice(FENCE.length, -FENCE.length);
  const end = text.indexOf("\n");
  const label = end < 0 ? "" : text.slice(0, end).trim();
  const isLabel = end >= 0 && (label === "" || LABEL.test(label));
  const code = (isLabel ? text.slice(end + 1) : text).replace(/\n$/, "");
  if (code.trim() === "") return null;
  return {kind: /** @type {const} */ ("code"), text: code, language: isLabel ? label : ""};
}

/**
 * @param {string} text
 * @param {ReturnType<typeof mentionFinder>} findMention
 * @returns {Span[]}
 */
function spansOf(text, findMention) {
  const ticks = closingTicks(text);
  const findLink = linkFinder(text);
  const writer = makeWriter(text);

  /**
   * Code, a link or a mention: nothing in it is looked at again.
   * @param {string} sign
   * @param {number} at
   * @returns {{span: Span, end: number} | null}
   */
  function opaqueAt(sign, at) {
    const close = ticks.get(at);
    if (close !== undefined) {
      const code = inner(text.slice(at + sign.length, close));
      return {span: {kind: "code", text: code}, end: close + sign.length};
    }
    const span = sign === "@" ? findMention(text, at) : findLink(at, writer.isOpen);
    return span && {span, end: at + span.text.length};
  }

  /** @param {string} sign @param {number} at @returns {number} Where to continue. */
  function step(sign, at) {
    const end = at + sign.length;
    if (sign[0] === "\n") writer.endParagraph();
    else if (sign === "**" || sign === "_") writer.mark(sign, at);
    else if (sign[0] !== "*" && sign[0] !== "_") {
      const found = opaqueAt(sign, at);
      if (found) writer.write(at, found.span, found.end);
      // A mention may begin at the end of an address that is none.
      return found?.end ?? (sign !== "@" && sign.endsWith("@") ? end - 1 : end);
    }
    return end;
  }

  STARTS.lastIndex = 0;
  for (let found = STARTS.exec(text); found; found = STARTS.exec(text)) STARTS.lastIndex = step(found[0], found.index);
  return writer.end();
}

/**
 * Collects the spans of a text, and pairs the markers of bold and italic.
 * @param {string} text
 */
function makeWriter(text) {
  /** @type {Span[]} */
  const spans = [];
  /** Markers that may get a partner: at most one of each kind. @type {{marker: Marker, place: number}[]} */
  let open = [];
  let done = 0;

  /** @param {number} at @param {Span | null} span @param {number} end */
  function write(at, span, end) {
    if (at > done) spans.push({kind: "text", text: text.slice(done, at)});
    if (span) spans.push(span);
    done = end;
  }

  /** @param {Marker} marker @param {number} at */
  function mark(marker, at) {
    const before = characterBefore(text, at);
    const end = at + marker.length;
    const after = characterAt(text, end);
    const isItalic = marker === "_";
    const closes = before.trim() !== "" && (!isItalic || AFTER_ITALIC.test(after));
    const opens = after.trim() !== "" && (!isItalic || BEFORE_ITALIC.test(before));
    const partner = open.find((one) => one.marker === marker);
    if (partner && closes) {
      write(at, null, end);
      const children = joined(spans.splice(partner.place + 1));
      spans[partner.place] = {kind: MARKERS[marker], children};
      open = open.slice(0, open.indexOf(partner));
    } else if (opens) {
      write(at, {kind: "text", text: marker}, end);
      open = [...open.filter((one) => one !== partner), {marker, place: spans.length - 1}];
    }
  }

  return {
    write,
    mark,
    isOpen: (/** @type {string} */ marker) => open.some((one) => one.marker === marker),
    endParagraph() {
      open = [];
    },
    end() {
      write(text.length, null, text.length);
      return joined(spans);
    },
  };
}

/**
 * For each run of backticks that begins code, where the run that ends it is: the next one of the same length in its line.
 * @param {string} text
 */
function closingTicks(text) {
  /** @type {Map<number, number>} */
  const pairs = new Map();
  /** @type {Map<number, number>} */
  let last = new Map();
  const RUNS = /`+|\n/g;
  for (let found = RUNS.exec(text); found; found = RUNS.exec(text)) {
    const {index} = found;
    const {length} = found[0];
    if (found[0] === "\n") {
      last = new Map();
      continue;
    }
    const opening = last.get(length);
    if (opening !== undefined && text.slice(opening + length, index).trim() !== "") pairs.set(opening, index);
    last.set(length, index);
  }
  return pairs;
}

/** One space inside each end belongs to the markers: it lets code begin or end with a backtick. @param {string} code */
function inner(code) {
  return /^ .* $/.test(code) ? code.slice(1, -1) : code;
}

/** @param {string} text @param {number} at */
function characterBefore(text, at) {
  const code = text.charCodeAt(at - 1);
  return text.slice(code >= 0xdc00 && code <= 0xdfff ? at - 2 : Math.max(0, at - 1), at);
}

/** @param {string} text @param {number} at */
function characterAt(text, at) {
  const code = text.codePointAt(at);
  return code === undefined ? "" : String.fromCodePoint(code);
}

/**
 * Join texts that stand side by side.
 * @param {Span[]} spans
 * @returns {Span[]}
 */
function joined(spans) {
  /** @type {Span[]} */
  const result = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (span.kind === "text" && last?.kind === "text")
      result[result.length - 1] = {kind: "text", text: last.text + span.text};
    else result.push(span);
  }
  return result;
}

/**
 * The text without its markers, for one line such as a quotation.
 * @param {string} content
 */
export function plain(content) {
  /** @param {Span} span @returns {string} */
  const text = (span) =>
    span.kind === "bold" || span.kind === "italic" ? span.children.map(text).join("") : span.text;
  return parse(content)
    .map((block) => (block.kind === "code" ? block.text : block.spans.map(text).join("")))
    .join(" ")
    .replace(/\s+/g, " ")
    .trim();
}
