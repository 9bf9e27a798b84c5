/**
 * Muting a room for a time: the entries of a menu, and the state as a text.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Room} Room
 */
import {problemText} from "../actions/problems.js";
import {FOREVER, setNotify} from "../actions/room_making.js";
import {isMuted} from "../store/unread.js";
import {clock, daysAgo, full} from "../text/time.js";
import {language, t} from "../texts/texts.js";
import {toast} from "../ui/toast.js";

const HOUR_MS = 3_600_000;
const A_YEAR_MS = 365 * 24 * HOUR_MS;

/**
 * @param {App} app
 * @param {Room} room
 * @returns {import("../ui/menu.js").MenuItem[]}
 */
export function muteItems(app, room) {
  /** @param {string | null} until */
  const mute = (until) =>
    void setNotify(app, room.id, {muted_until: until}).catch((error) => toast(problemText(error), {isProblem: true}));
  const after = (/** @type {number} */ hours) => new Date(Date.now() + hours * HOUR_MS).toISOString();
  if (isMuted(room, Date.now())) return [{label: t("notify.unmute"), sign: "bell", run: () => mute(null)}];
  return [
    {label: t("notify.mute_hour"), run: () => mute(after(1))},
    {label: t("notify.mute_hours"), run: () => mute(after(8))},
    {label: t("notify.mute_day"), run: () => mute(after(24))},
    {label: t("notify.mute_forever"), run: () => mute(FOREVER)},
  ];
}

/**
 * Until when the room is muted. Empty if it is not.
 * @param {Room} room
 */
export function muteText(room) {
  const now = Date.now();
  if (room.muted_until === null || !isMuted(room, now)) return "";
  const until = Date.parse(room.muted_until);
  if (until - now > A_YEAR_MS) return t("notify.muted");
  const time = daysAgo(until, now) === 0 ? clock(until, language()) : full(until, language());
  return t("notify.muted_until", {time});
}
