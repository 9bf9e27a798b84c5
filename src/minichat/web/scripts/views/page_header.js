/**
 * The head of a page that is no room: the way back, and the title.
 *
 * @typedef {import("../app.js").App} App
 */
import {href} from "../router.js";
import {pageBefore} from "../store/state.js";
import {t} from "../texts/texts.js";
import {h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";

/**
 * @param {App} app
 * @param {string} title
 * @param {number} [room] The way back leads there. Without it, it leads to the list of rooms on a phone, and to the room
 *   that was open on a larger screen.
 */
export function pageHeader({store}, title, room) {
  const back = room === undefined ? href({page: "home"}) : href({page: "room", room});
  const before = room === undefined ? href(pageBefore(store.get())) : back;
  const label = t(room === undefined ? "room.back" : "search.back");
  return h(
    "header",
    {class: "room-header"},
    h("a", {class: "icon-button room-back", href: back, "aria-label": label}, icon("back")),
    h("div", {class: "room-heading"}, h("h2", {class: "room-title", tabindex: -1}, title)),
    h("a", {class: "icon-button page-close", href: before, "aria-label": label, title: label}, icon("close")),
  );
}
