/**
 * A message: its author, the quote, the text, the reactions, its time and whether it was read. It changes only the parts
 * that have changed, so that focus and selection stay. What a user does with it is in message_menu.js.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Message} Message
 * @typedef {import("../store/timeline.js").MessageRow} MessageRow
 */
import {nameOf} from "../store/people.js";
import {mentionsMe} from "../store/unread.js";
import {plain} from "../text/markup.js";
import {clock, full} from "../text/time.js";
import {language, t} from "../texts/texts.js";
import {fill, h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {colourOf, userAvatar} from "./avatar.js";
import {messageText} from "./message_text.js";
import {placeMeta} from "./meta_place.js";
import {personLink} from "./person_link.js";
import {quoteView} from "./quote.js";
import {reactionChips} from "./reactions.js";

/**
 * @param {App} app
 * @param {HTMLElement} element The article to show it in.
 * @param {import("./timeline_row.js").ListPart} list
 * @param {AbortSignal} signal
 */
export function messageView(app, element, list, signal) {
  const {account, rooms} = app.store.get();
  const me = account?.id;
  const isGroup = rooms.get(list.room)?.kind !== "direct";
  const picture = h("div", {class: "message-picture"});
  const author = h("div", {class: "message-author", dir: "auto"});
  const quote = h("div", {class: "message-quote"});
  const body = h("div", {class: "message-body", dir: "auto"});
  const reactions = reactionChips(app, signal);
  const meta = h("div", {class: "message-meta"});
  const bubble = h(
    "div",
    {class: "bubble"},
    author,
    quote,
    body,
    h("div", {class: "message-foot"}, reactions.element, meta),
  );
  fill(element, picture, h("div", {class: "message-main"}, bubble));
  let isRevealed = false;
  let shownAuthor = "";
  let shownBody = "";
  /** @type {MessageRow} */
  let row;

  /** @param {Message} message @param {boolean} isFirst */
  function showAuthor({user, room}, isFirst) {
    const key = isFirst && !picture.hidden ? `${user.avatar} ${nameOf(user)}` : "";
    if (key === shownAuthor) return;
    shownAuthor = key;
    // The picture opens the card of the author, as the name beside it does. The keyboard needs one of the two.
    const unheard = {class: "message-picture-button", tabindex: -1, "aria-hidden": true};
    fill(picture, key !== "" && personLink(app, user, room, unheard, userAvatar(user, "small")));
    fill(author, personLink(app, user, room, {class: "message-author-button"}, nameOf(user)));
  }

  /** @param {Message} message */
  function showBody(message) {
    const isCollapsed = message.is_blocked && !isRevealed && !message.is_deleted;
    const key = JSON.stringify([
      message.content,
      message.is_deleted,
      isCollapsed,
      message.mentions_all,
      message.mentions.map(({id}) => id),
    ]);
    if (key === shownBody) return;
    shownBody = key;
    quote.hidden = message.reply_to === null || message.is_deleted || isCollapsed;
    if (!quote.hidden && quote.childElementCount === 0) {
      const id = /** @type {number} */ (message.reply_to);
      quote.append(quoteView(app, message.room, id, () => list.jump(id, message), signal));
    }
    if (message.is_deleted) fill(body, icon("trash"), t("messages.deleted"));
    else if (isCollapsed) fill(body, t("messages.blocked"), " ", revealButton());
    else fill(body, messageText(app, message));
  }

  function revealButton() {
    const onclick = () => {
      isRevealed = true;
      show();
      element.focus({preventScroll: true});
    };
    return h("button", {type: "button", class: "link-button", onclick}, t("messages.reveal"));
  }

  function show() {
    const {message, isFirst} = row;
    const isMine = message.user.id === me;
    const isHidden = message.is_blocked && !isRevealed;
    const classes = {
      "is-mine": isMine,
      "is-first": isFirst,
      "is-deleted": message.is_deleted,
      "is-hidden": isHidden,
      "is-for-me": mentionsMe(message, me),
      "is-pending": false,
      "is-failed": false,
    };
    for (const [name, isOn] of Object.entries(classes)) element.classList.toggle(name, isOn);
    picture.hidden = isMine || !isGroup;
    author.hidden = isMine || !isFirst || !isGroup;
    author.dataset.colour = colourOf(message.user);
    showAuthor(message, isFirst);
    showBody(message);
    reactions.update(isHidden ? {...message, reactions: []} : message);
    showMeta(message, isMine);
    placeMeta(element, body, meta, {isApart: !isHidden && message.reactions.length > 0});
    element.setAttribute("aria-label", labelOf(message, isMine, isHidden));
    list.settle(element, row.key);
  }

  /** @param {Message} message @param {boolean} isMine */
  function showMeta(message, isMine) {
    const time = Date.parse(message.timestamp);
    fill(
      meta,
      message.is_pinned && h("span", {class: "pinned", title: t("messages.pinned")}, icon("pin")),
      message.edited_at !== null &&
        !message.is_deleted &&
        h("span", {title: full(Date.parse(message.edited_at), language())}, t("messages.edited")),
      h("time", {datetime: message.timestamp, title: full(time, language())}, clock(time, language())),
      isMine && !message.is_deleted && tick(message.is_read),
    );
  }

  return {
    /** @param {MessageRow} next */
    update(next) {
      row = next;
      show();
    },
  };
}

/**
 * What a screen reader says of the whole message.
 * @param {Message} message
 * @param {boolean} isMine
 * @param {boolean} isHidden
 */
function labelOf(message, isMine, isHidden) {
  const text = message.is_deleted ? t("messages.deleted") : isHidden ? t("messages.blocked") : plain(message.content);
  const time = full(Date.parse(message.timestamp), language());
  return [
    `${isMine ? t("messages.you") : nameOf(message.user)}: ${text}`,
    time,
    message.edited_at !== null && !message.is_deleted && t("messages.edited"),
    message.is_pinned && t("messages.pinned"),
    isMine && !message.is_deleted && t(message.is_read ? "messages.read" : "messages.sent"),
    !isHidden && message.reactions.map(({emoji, count}) => `${emoji} ${count}`).join(", "),
  ]
    .filter((part) => part !== false && part !== "")
    .join(". ");
}

/** @param {boolean} isRead */
function tick(isRead) {
  const text = t(isRead ? "messages.read" : "messages.sent");
  return h(
    "span",
    {class: isRead ? "tick is-read" : "tick", title: text},
    icon(isRead ? "check-double" : "check"),
    h("span", {class: "only-heard"}, text),
  );
}
