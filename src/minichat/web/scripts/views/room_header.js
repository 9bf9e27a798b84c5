/**
 * The head of an open room: the way back, picture, name, and who is there or typing.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").State} State
 */
import {href} from "../router.js";
import {partnerOf} from "../store/rooms.js";
import {clock, day, daysAgo} from "../text/time.js";
import {language, t} from "../texts/texts.js";
import {fill, h, setText} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {roomAvatar} from "./avatar.js";
import {roomActions} from "./room_actions.js";
import {typingText} from "./typing_text.js";

/**
 * @param {App} app
 * @param {number} id
 * @param {AbortSignal} signal
 */
export function roomHeader(app, id, signal) {
  const {store} = app;
  const picture = h("span", {class: "room-picture"});
  const name = h("h2", {class: "room-title", dir: "auto"});
  const line = h("p", {class: "room-subtitle"});
  const element = h(
    "header",
    {class: "room-header"},
    h("a", {class: "icon-button room-back", href: href({page: "home"}), "aria-label": t("room.back")}, icon("back")),
    picture,
    h("div", {class: "room-heading"}, name, line),
    roomActions(app, id, signal),
  );

  store.watch(
    (state) => state.rooms.get(id) ?? state.cards.get(id),
    (room) => {
      if (!room) return;
      fill(picture, roomAvatar(room, store.get().account?.id));
      setText(name, room.name);
      name.title = room.name;
    },
    signal,
  );
  store.watch(
    (state) => subtitle(state, id),
    (text) => {
      setText(line, text);
      line.classList.toggle("is-typing", store.get().typing.has(id));
    },
    signal,
  );
  return element;
}

/**
 * @param {State} state
 * @param {number} id
 */
function subtitle(state, id) {
  const room = state.rooms.get(id) ?? state.cards.get(id);
  if (!room) return "";
  const typing = typingText(state, id, {withName: room.kind === "group"});
  if (typing !== "") return typing;
  const partner = partnerOf(room, state.account?.id);
  if (!partner) return t("room.members", {count: room.participants_count});
  const person = state.people.get(partner.id) ?? partner;
  if (person.is_online) return t("room.online");
  if (person.last_seen === null) return t("room.seen_never");
  const seen = Date.parse(person.last_seen);
  const now = Date.now();
  const time = daysAgo(seen, now) === 0 ? clock(seen, language()) : day(seen, language(), now);
  return t("room.seen", {time});
}
