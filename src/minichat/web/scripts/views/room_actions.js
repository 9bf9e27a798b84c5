/**
 * The buttons at the end of a room's header.
 *
 * @typedef {import("../app.js").App} App
 */
import {href} from "../router.js";
import {t} from "../texts/texts.js";
import {iconButton} from "../ui/controls.js";
import {h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {later} from "../ui/later.js";

/**
 * @param {App} app
 * @param {number} id
 * @param {AbortSignal} signal
 */
export function roomActions(app, id, signal) {
  const label = t("search.in_this_room");
  const search = h(
    "a",
    {class: "icon-button", href: href({page: "search", room: id}), "aria-label": label, title: label},
    icon("search"),
  );
  const more = iconButton("more", t("room.more"), openMenu, {"aria-haspopup": "menu", "aria-expanded": false});

  async function openMenu() {
    const menu = await later(() => import("./room_menu.js"));
    const room = app.store.get().rooms.get(id);
    if (room && !signal.aborted) menu?.openRoomMenu(app, room, more, {signal});
  }

  app.store.watch(
    (state) => state.rooms.has(id),
    (isMember) => {
      search.hidden = more.hidden = !isMember;
    },
    signal,
  );
  return h("div", {class: "room-actions"}, search, more);
}
