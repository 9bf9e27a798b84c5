/**
 * The text of a message or of an entry on its way, as nodes: markup, links, mentions, and code with a button to copy it.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").User} User
 * @typedef {import("../text/markup.js").Span} Span
 * @typedef {import("../text/markup.js").Block} Block
 */
import {isEmojiAlone} from "../text/emoji.js";
import {parse} from "../text/markup.js";
import {h} from "../ui/dom.js";
import {codeBlock} from "./code_block.js";
import {personLink} from "./person_link.js";

/**
 * @param {App} app
 * @param {{content: string, room: number, mentions?: User[], mentions_all?: boolean, mentionIds?: number[]}} message
 * @returns {Node}
 */
export function messageText(app, {content, room, mentions, mentions_all = false, mentionIds = []}) {
  const {people, account} = app.store.get();
  const mentioned = mentions ?? mentionIds.flatMap((id) => people.get(id) ?? []);
  const isAlone = isEmojiAlone(content);

  /** @param {Block} block */
  const blockOf = (block) =>
    block.kind === "code" ? codeBlock(block) : h("div", {class: "text", dir: "auto"}, block.spans.map(spanOf));

  /** @param {Span} span @returns {import("../ui/dom.js").Child} */
  function spanOf(span) {
    switch (span.kind) {
      case "bold":
        return h("strong", null, span.children.map(spanOf));
      case "italic":
        return h("em", null, span.children.map(spanOf));
      case "code":
        return h("code", {class: "code", dir: "auto"}, span.text);
      case "link":
        return h("a", {href: span.href, target: "_blank", rel: "noopener noreferrer", dir: "auto"}, span.text);
      case "mention":
        return mention(span.user, span.text);
      case "everybody":
        return h("span", {class: "mention is-me", dir: "auto"}, span.text);
      default:
        return span.text;
    }
  }

  /** @param {number} id @param {string} text */
  function mention(id, text) {
    const attributes = {class: id === account?.id ? "mention is-me" : "mention", dir: "auto"};
    const user = mentioned.find((one) => one.id === id);
    return user ? personLink(app, user, room, attributes, text) : h("span", attributes, text);
  }

  const blocks = parse(content, {people: mentioned, everybody: mentions_all});
  return h("div", {class: isAlone ? "texts is-emoji" : "texts"}, blocks.map(blockOf));
}
