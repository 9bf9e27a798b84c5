/**
 * Tells the user that others have removed them from a room, or have deleted it, and closes it if it is open.
 *
 * @typedef {import("../app.js").App} App
 */
import {isEnding} from "../actions/room_making.js";
import {go} from "../router.js";
import {t} from "../texts/texts.js";
import {toast} from "../ui/toast.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function watchDepartures(app, signal) {
  app.store.watch(
    (state) => state.departure,
    (departure) => {
      if (departure === null) return;
      const {route} = app.store.get();
      if (route.page !== "room" || route.room !== departure.room) return;
      if (!hasUnsent(app, departure.room)) go({page: "home"}, {replace: true});
      if (isEnding(departure.room)) return;
      toast(t(`departed.${departure.reason}`, {name: departure.name}), {isProblem: true});
    },
    signal,
  );
}

/**
 * The user has written something for the room: its page still shows that.
 * @param {App} app
 * @param {number} room
 */
function hasUnsent(app, room) {
  const {drafts, outbox} = app.store.get();
  return drafts.has(room) || outbox.some((entry) => entry.room === room);
}
