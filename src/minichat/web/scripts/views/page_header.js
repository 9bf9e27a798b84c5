/**
 * The head of a page that is no room: the way back, and the title.
 */
import {href} from "../router.js";
import {t} from "../texts/texts.js";
import {h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";

/**
 * @param {string} title
 * @param {number} [room] The way back leads there; to the list of rooms without it.
 */
export function pageHeader(title, room) {
  const back = room === undefined ? href({page: "home"}) : href({page: "room", room});
  const label = t(room === undefined ? "room.back" : "search.back");
  return h(
    "header",
    {class: "room-header"},
    h("a", {class: "icon-button room-back", href: back, "aria-label": label}, icon("back")),
    h("div", {class: "room-heading"}, h("h2", {class: "room-title", tabindex: -1}, title)),
    h("a", {class: "icon-button page-close", href: back, "aria-label": label, title: label}, icon("close")),
  );
}
