/**
 * One room in the list: picture, name, last message or who is typing, time, and what is unread.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Room} Room
 */
import {prepareRoom} from "../actions/rooms.js";
import {href} from "../router.js";
import {unsentText} from "../store/drafts.js";
import {shortNameOf} from "../store/people.js";
import {partnerOf} from "../store/rooms.js";
import {isMuted} from "../store/unread.js";
import {plain} from "../text/markup.js";
import {short} from "../text/time.js";
import {language, t} from "../texts/texts.js";
import {fill, h, setText} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {onIntent} from "../ui/intent.js";
import {later} from "../ui/later.js";
import {onNewDay} from "../ui/new_day.js";
import {roomAvatar} from "./avatar.js";
import {typingText} from "./typing_text.js";

/** Characters of a message: more do not fit into one line. */
const MOST_SHOWN = 300;

const A_DAY_MS = 86_400_000;

/**
 * @param {App} app
 * @param {Room} first
 * @param {AbortSignal} signal
 */
export function roomRow(app, first, signal) {
  let room = first;
  const {store} = app;
  const me = store.get().account?.id;
  const picture = h("span", {class: "room-picture"});
  const name = h("span", {class: "room-name", dir: "auto"});
  const time = h("time", {class: "room-time"});
  const preview = h("span", {class: "room-preview", dir: "auto"});
  const badges = h("span", {class: "room-badges"});
  const link = h(
    "a",
    {class: "room-row", href: href({page: "room", room: room.id}), tabindex: -1, oncontextmenu},
    picture,
    h(
      "span",
      {class: "room-lines"},
      h("span", {class: "room-line"}, name, time),
      h("span", {class: "room-line"}, preview, badges),
    ),
  );

  onIntent(link, () => void prepareRoom(app, room.id));

  /** @param {MouseEvent} event Also of the key for menus, which has no place. */
  async function oncontextmenu(event) {
    event.preventDefault();
    const isKey = event.clientX === 0 && event.clientY === 0;
    const menu = await later(() => import("./room_menu.js"));
    menu?.openRoomMenu(app, room, link, {point: isKey ? undefined : {x: event.clientX, y: event.clientY}, signal});
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let muteTimer;
  signal.addEventListener("abort", () => clearTimeout(muteTimer));
  let shownPicture = "";
  function show() {
    const key = partnerOf(room, me)?.avatar ?? room.name;
    if (key !== shownPicture) fill(picture, roomAvatar(room, me), h("span", {class: "presence-dot"}));
    shownPicture = key;
    setText(name, room.name);
    showTime();
    showPreview();
    showBadges();
  }

  function showTime() {
    const message = room.last_message;
    setText(time, message ? short(Date.parse(message.timestamp), language(), Date.now()) : "");
    if (message) time.dateTime = message.timestamp;
  }

  function showPreview() {
    const state = store.get();
    const typing = typingText(state, room.id, {withName: room.kind === "group"});
    const draft = unsentText(state, room.id);
    const isOpen = state.route.page === "room" && state.route.room === room.id;
    const message = room.last_message;
    preview.classList.toggle("is-typing", typing !== "");
    if (typing !== "") return fill(preview, typing);
    if (draft.trim() !== "" && !isOpen)
      return fill(preview, h("b", {class: "room-draft"}, t("rooms.draft")), " ", draft);
    if (!message) return fill(preview, t("rooms.no_messages"));
    const isMine = message.user.id === me;
    const author = isMine ? t("rooms.you") : room.kind === "group" ? `${shortNameOf(message.user)}:` : "";
    const text = message.is_deleted
      ? t("rooms.deleted_message")
      : message.is_blocked
        ? t("messages.blocked")
        : plain(message.content.slice(0, MOST_SHOWN));
    fill(preview, author !== "" && h("span", {class: "room-author"}, author, " "), text);
  }

  function showBadges() {
    clearTimeout(muteTimer);
    const left = Date.parse(room.muted_until ?? "") - Date.now();
    if (left > 0 && left < A_DAY_MS) muteTimer = setTimeout(showBadges, left + 1_000);
    const muted = isMuted(room, Date.now()) || room.notify === "none";
    fill(
      badges,
      muted &&
        h(
          "span",
          {class: "room-muted", title: t("rooms.muted")},
          icon("bell-off"),
          h("span", {class: "only-heard"}, t("rooms.muted")),
        ),
      room.unread_mentions > 0 &&
        h(
          "span",
          {class: "badge is-mention"},
          h("span", {"aria-hidden": "true"}, "@"),
          heard(t("rooms.mentions", {count: room.unread_mentions})),
        ),
      room.unread_count > 0 &&
        h(
          "span",
          {class: muted ? "badge is-quiet" : "badge"},
          h("span", {"aria-hidden": "true"}, room.unread_count > 999 ? "999+" : String(room.unread_count)),
          heard(t("rooms.unread", {count: room.unread_count})),
        ),
    );
  }

  store.watch(
    (state) => state.route.page === "room" && state.route.room === room.id,
    (isOpen) => {
      if (isOpen) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
      showPreview();
    },
    signal,
  );
  store.watch((state) => state.typing.get(room.id), showPreview, signal);
  store.watch((state) => state.drafts.get(room.id), showPreview, signal);
  store.watch(
    (state) => state.people.get(partnerOf(room, me)?.id ?? 0)?.is_online === true,
    (isOnline) => picture.classList.toggle("is-online", isOnline),
    signal,
  );
  onNewDay(showTime, signal);
  show();

  return {
    element: h("li", null, link),
    /** @param {Room} next */
    update(next) {
      room = next;
      show();
    },
  };
}

/** @param {string} text */
function heard(text) {
  return h("span", {class: "only-heard"}, ` ${text}`);
}
