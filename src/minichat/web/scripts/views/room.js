/**
 * An open room: its header, its messages, and the composer. Loads the messages when they are not known.
 *
 * @typedef {import("../app.js").App} App
 */
import {problemText} from "../actions/problems.js";
import {openRoom} from "../actions/rooms.js";
import {t} from "../texts/texts.js";
import {h, refill, scope} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {loadingPage} from "./loading.js";
import {messageList} from "./message_list.js";
import {pinBar} from "./pin_bar.js";
import {roomCard} from "./room_card.js";
import {roomFooter} from "./room_footer.js";
import {roomHeader} from "./room_header.js";
import {unsentTexts} from "./unsent.js";

/**
 * @param {App} app
 * @param {number} id
 * @param {AbortSignal} signal
 */
export function room(app, id, signal) {
  const {store} = app;
  const element = h("section", {class: "room"});
  const part = scope(signal);
  let problem = "";

  async function load() {
    const {route} = store.get();
    problem = "";
    try {
      const isFound = await openRoom(app, id, route.page === "room" ? route.message : undefined);
      if (!isFound && route.page === "room" && route.message !== undefined) await openRoom(app, id);
      else if (!isFound) problem = t("rooms.not_found");
    } catch (error) {
      problem = problemText(error);
    }
    if (!signal.aborted && problem !== "") show();
  }

  function show() {
    const {rooms, cards} = store.get();
    const end = part.next();
    const known = rooms.has(id) || cards.has(id);
    element.classList.toggle("is-blank", !known);
    if (!known) return refill(element, problem === "" ? loadingPage() : notFound(app, id, problem, end));
    const content = rooms.has(id) ? [pinBar(app, id, end), messageList(app, id, end)] : roomCard(app, id, end);
    refill(element, roomHeader(app, id, end), content, roomFooter(app, id, end));
  }

  store.watch((state) => (state.rooms.has(id) ? "in" : state.cards.has(id) ? "card" : "none"), show, signal);
  store.watch(
    (state) => state.isLoaded && !state.histories.has(id) && (state.link === "live" || state.link === "connecting"),
    (isMissing) => isMissing && !store.get().cards.has(id) && void load(),
    signal,
  );
  return element;
}

/**
 * @param {App} app
 * @param {number} room
 * @param {string} text
 * @param {AbortSignal} signal
 */
function notFound(app, room, text, signal) {
  return h(
    "div",
    {class: "blank"},
    h("div", {class: "blank-sign"}, icon("search")),
    h("p", null, text),
    h("a", {href: "#/", class: "button"}, t("app.to_rooms")),
    unsentTexts(app, room, signal),
  );
}
