/**
 * Opens the details of a room, which load when they are first opened.
 *
 * @typedef {import("../app.js").App} App
 */
import {later} from "../ui/later.js";

/**
 * @param {App} app
 * @param {number} id
 * @param {Parameters<typeof import("./dialogs/room_details.js").openRoomDetails>[2]} [where]
 */
export async function openDetails(app, id, where) {
  const dialog = await later(() => import("./dialogs/room_details.js"));
  await dialog?.openRoomDetails(app, id, where);
}
