/**
 * The head of an open room: the way back, picture, name, and who is there or typing.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").State} State
 */
import {goBackTo, href} from "../router.js";
import {partnerOf} from "../store/rooms.js";
import {t} from "../texts/texts.js";
import {fill, h, setText} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {roomAvatar} from "./avatar.js";
import {openDetails} from "./open_details.js";
import {presenceText} from "./presence.js";
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
  /** @param {MouseEvent} event */
  function leave(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    goBackTo({page: "home"});
  }
  const name = h("span", {class: "room-title-text", dir: "auto"});
  const opener = h("button", {type: "button", class: "room-opener", onclick: () => void openDetails(app, id)}, name);
  const line = h("p", {class: "room-subtitle"});
  const element = h(
    "header",
    {class: "room-header"},
    h(
      "a",
      {class: "icon-button room-back", href: href({page: "home"}), "aria-label": t("room.back"), onclick: leave},
      icon("back"),
    ),
    picture,
    h("div", {class: "room-heading"}, h("h2", {class: "room-title"}, opener), line),
    roomActions(app, id, signal),
  );

  store.watch(
    (state) => state.rooms.get(id) ?? state.cards.get(id),
    (room) => {
      if (!room) return;
      fill(picture, roomAvatar(room, store.get().account?.id));
      setText(name, room.name);
      opener.title = t("details.open", {name: room.name});
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
  return presenceText(state.people.get(partner.id) ?? partner);
}
