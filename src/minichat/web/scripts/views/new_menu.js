/**
 * The button that begins something new: a direct chat, a room, or joining a public one.
 *
 * @typedef {import("../app.js").App} App
 */
import {t} from "../texts/texts.js";
import {iconButton} from "../ui/controls.js";
import {later} from "../ui/later.js";
import {openMenu} from "../ui/menu.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function newMenu(app, signal) {
  const button = iconButton(
    "plus",
    t("new.menu"),
    () =>
      openMenu(
        button,
        [
          {label: t("new_chat.title"), sign: "user", run: () => void openNewChat(app)},
          {label: t("new_room.title"), sign: "people", run: () => void openNewRoom(app)},
          {label: t("public_rooms.title"), sign: "globe", run: () => void openPublicRooms(app)},
        ],
        {signal},
      ),
    {"aria-haspopup": "menu", "aria-expanded": false},
  );
  return button;
}

/** @param {App} app */
export async function openNewChat(app) {
  const dialog = await later(() => import("./dialogs/new_chat.js"));
  await dialog?.openNewChat(app);
}

/** @param {App} app */
async function openNewRoom(app) {
  const dialog = await later(() => import("./dialogs/new_room.js"));
  await dialog?.openNewRoom(app);
}

/** @param {App} app */
export async function openPublicRooms(app) {
  const dialog = await later(() => import("./dialogs/public_rooms.js"));
  await dialog?.openPublicRooms(app);
}
