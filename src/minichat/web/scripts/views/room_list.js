/**
 * The list of the user's rooms, newest activity first, with a filter by name.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Room} Room
 */
import {roomsInOrder} from "../store/rooms.js";
import {t} from "../texts/texts.js";
import {fill, h, keyedList} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {roomRow} from "./room_row.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function roomList(app, signal) {
  const filter = h("input", {
    type: "search",
    class: "input rooms-filter",
    placeholder: t("rooms.filter"),
    "aria-label": t("rooms.filter"),
    oninput: show,
  });
  const list = h("ul", {class: "rooms", "aria-label": t("rooms.title")});
  const empty = h("div", {class: "rooms-empty"});
  const showRows = keyedList({
    parent: list,
    key: (/** @type {Room} */ room) => room.id,
    make: (room, end) => roomRow(app, room, end),
    signal,
  });

  function show() {
    const {rooms, isLoaded} = app.store.get();
    const wanted = filter.value.trim().toLocaleLowerCase();
    const all = roomsInOrder(rooms);
    const shown = wanted === "" ? all : all.filter((room) => room.name.toLocaleLowerCase().includes(wanted));
    showRows(shown);
    list.classList.toggle("is-loading", !isLoaded);
    empty.hidden = !isLoaded || shown.length > 0;
    if (empty.hidden) return;
    fill(
      empty,
      h("div", {class: "blank-sign"}, icon(all.length === 0 ? "chat" : "search")),
      h("p", null, t(all.length === 0 ? "rooms.empty" : "rooms.none_found")),
      all.length === 0 && h("p", {class: "quiet"}, t("rooms.empty_hint")),
    );
  }

  app.store.watch((state) => state.rooms, show, signal);
  app.store.watch((state) => state.isLoaded, show, signal);
  return h(
    "nav",
    {class: "rooms-pane", "aria-label": t("rooms.title")},
    h("div", {class: "rooms-search"}, icon("search"), filter),
    h("div", {class: "rooms-scroll"}, list, empty),
  );
}
