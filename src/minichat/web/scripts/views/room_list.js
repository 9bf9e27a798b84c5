/**
 * The list of the user's rooms, newest activity first. The field above it filters them by name, and finds people and
 * public rooms, too.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Room} Room
 */
import {roomsNamed} from "../store/finding.js";
import {t} from "../texts/texts.js";
import {arrowKeys} from "../ui/arrow_keys.js";
import {fill, h, keyedList} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {later} from "../ui/later.js";
import {openNewChat, openPublicRooms} from "./new_menu.js";
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
    autocomplete: "off",
    enterkeyhint: "search",
    oninput: onfilter,
    onkeydown,
  });
  const list = h("ul", {class: "rooms", "aria-label": t("rooms.title")});
  const empty = h("div", {class: "rooms-empty", role: "status"});
  const loading = h("div", {class: "rooms-loading", role: "status", "aria-label": t("app.loading")}, ...skeletons());
  const scroll = h("div", {class: "rooms-scroll"}, loading, list);
  const keys = arrowKeys(scroll, ".room-row");
  scroll.append(empty);
  /** @type {Promise<ReturnType<typeof import("./found_list.js").foundList> | null> | null} */
  let found = null;
  const showRows = keyedList({
    parent: list,
    key: (/** @type {Room} */ room) => room.id,
    make: (room, end) => roomRow(app, room, end),
    signal,
  });

  function onfilter() {
    show();
    scroll.scrollTop = 0;
    void find();
  }

  async function find() {
    if (found === null && filter.value.trim() === "") return;
    found ??= loadFound();
    const others = await found;
    if (others === null) found = null;
    others?.search(filter.value.trim());
  }

  /** The list of people and public rooms loads with the first letter. */
  async function loadFound() {
    const loaded = await later(() => import("./found_list.js"));
    if (!loaded || signal.aborted) return null;
    const others = loaded.foundList(app, showEmpty, signal);
    empty.before(others.element);
    return others;
  }

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" && keys.focusFirst()) event.preventDefault();
    if (event.key === "Enter") /** @type {HTMLElement | null} */ (scroll.querySelector(".room-row"))?.click();
    if (event.key === "Escape" && filter.value !== "") {
      event.preventDefault();
      clear();
    }
  }

  function clear() {
    filter.value = "";
    onfilter();
  }

  function show() {
    const state = app.store.get();
    showRows(roomsNamed(state, filter.value));
    loading.hidden = state.isLoaded || state.rooms.size > 0;
    showEmpty();
  }

  function showEmpty() {
    const {rooms, isLoaded} = app.store.get();
    keys.refresh();
    empty.hidden = !isLoaded || list.childElementCount > 0 || scroll.querySelector(".found li") !== null;
    if (empty.hidden) fill(empty);
    else if (filter.value.trim() !== "") {
      fill(empty, h("div", {class: "blank-sign"}, icon("search")), h("p", null, t("rooms.none_found")));
    } else if (rooms.size === 0 && empty.childElementCount === 0) fill(empty, ...welcomeHints());
  }

  /** The first steps of somebody who has no room. */
  function welcomeHints() {
    return [
      h("div", {class: "blank-sign"}, icon("chat")),
      h("p", null, t("rooms.empty")),
      h("p", {class: "quiet"}, t("rooms.empty_hint")),
      h("button", {type: "button", class: "button is-main", onclick: () => void openNewChat(app)}, t("new_chat.title")),
      h("button", {type: "button", class: "button", onclick: () => void openPublicRooms(app)}, t("public_rooms.title")),
    ];
  }

  app.store.watch((state) => state.rooms, show, signal);
  app.store.watch((state) => state.isLoaded, show, signal);
  app.store.watch(
    (state) => (state.route.page === "room" ? state.route.room : 0),
    (room) => {
      // The result is chosen: show the whole list again.
      if (room !== 0 && filter.value !== "") clear();
      keys.refresh();
    },
    signal,
  );
  return h(
    "nav",
    {class: "rooms-pane", "aria-label": t("rooms.title")},
    h("div", {class: "rooms-search"}, icon("search"), filter),
    scroll,
  );
}

/** Grey rows in the shape of rooms. */
function skeletons() {
  return Array.from({length: 8}, () =>
    h(
      "div",
      {class: "bones", "aria-hidden": true},
      h("span", {class: "avatar"}),
      h("span", {class: "room-lines"}, h("span", {class: "bone"}), h("span", {class: "bone is-long"})),
    ),
  );
}
