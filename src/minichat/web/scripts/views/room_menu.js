/**
 * The menu of a room in the list: mark as read, notifications, details, leave.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Room} Room
 */
import {problemText} from "../actions/problems.js";
import {markRead} from "../actions/reading.js";
import {leaveRoom, setNotify} from "../actions/room_making.js";
import {rightsIn} from "../store/participants.js";
import {isMuted} from "../store/unread.js";
import {t} from "../texts/texts.js";
import {later} from "../ui/later.js";
import {openMenu} from "../ui/menu.js";
import {toast} from "../ui/toast.js";
import {muteItems} from "./muting.js";
import {openDetails} from "./open_details.js";

/**
 * @param {App} app
 * @param {Room} room
 * @param {HTMLElement} anchor Gets the focus back.
 * @param {{point?: {x: number, y: number}, signal: AbortSignal}} how
 */
export function openRoomMenu(app, room, anchor, how) {
  const fail = (/** @type {unknown} */ error) => toast(problemText(error), {isProblem: true});
  const mute = muteItems(app, room);
  openMenu(
    anchor,
    [
      room.unread_count > 0 && {
        label: t("notify.mark_read"),
        sign: "check",
        run: () => void markRead(app, room.id, room.last_seq),
      },
      isMuted(room, Date.now())
        ? mute[0]
        : {label: t("notify.mute"), sign: "bell-off", run: () => openMenu(anchor, mute, how)},
      {label: `${t("notify.title")}…`, sign: "bell", run: () => openMenu(anchor, levels(app, room, fail), how)},
      {
        label: t(room.kind === "group" ? "details.title" : "details.title_direct"),
        sign: "info",
        run: () => void openDetails(app, room.id),
      },
      rightsIn(room).leave && {
        label: t("details.leave"),
        sign: "leave",
        isDangerous: true,
        run: () => void leave(app, room).catch(fail),
      },
    ],
    how,
  );
}

/**
 * @param {App} app
 * @param {Room} room
 * @param {(error: unknown) => void} fail
 */
function levels(app, room, fail) {
  return /** @type {const} */ (["all", "mentions", "none"]).map((notify) => ({
    label: t(`notify.${notify}`),
    isChecked: room.notify === notify,
    run: () => void setNotify(app, room.id, {notify}).catch(fail),
  }));
}

/**
 * @param {App} app
 * @param {Room} room
 */
async function leave(app, room) {
  const questions = await later(() => import("./leaving.js"));
  if (await questions?.confirmLeave(app, room)) await leaveRoom(app, room.id);
}
