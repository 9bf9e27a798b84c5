/**
 * The chat of a logged-in user: the list of rooms beside the open page; on a phone one of the two.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../router.js").Route} Route
 */
import {fill, h, scope} from "../ui/dom.js";
import {closeLayers} from "../ui/layers.js";
import {watchDepartures} from "./departures.js";
import {linkBar} from "./link_bar.js";
import {noticeOffer} from "./notice_offer.js";
import {watchNotices} from "./notices.js";
import {pageOf} from "./pages.js";
import {roomList} from "./room_list.js";
import {shortcuts} from "./shortcuts.js";
import {sideHeader} from "./side_header.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function chat(app, signal) {
  const main = h("main", {class: "main", id: "main", tabindex: -1});
  const element = h(
    "div",
    {class: "chat"},
    h(
      "div",
      {class: "side"},
      sideHeader(app, signal),
      linkBar(app, signal),
      roomList(app, signal),
      noticeOffer(app, signal),
    ),
    main,
  );
  const page = scope(signal);
  signal.addEventListener("abort", closeLayers); // such as after the end of the session
  watchDepartures(app, signal);
  watchNotices(app, signal);
  shortcuts(app, signal);

  app.store.watch(
    (state) => pageKey(state.route),
    () => {
      const {route} = app.store.get();
      element.dataset.pane = route.page === "home" ? "list" : "main";
      const hadFocus = main.contains(document.activeElement);
      fill(main, pageOf(route)(app, page.next()));
      if (hadFocus && document.activeElement === document.body) main.focus({preventScroll: true});
    },
    signal,
  );
  return element;
}

/**
 * Pages with the same key are one view: jumping to a message of the open room keeps the room.
 * @param {Route} route
 */
function pageKey(route) {
  if (route.page === "room") return `room ${route.room}`;
  return route.page === "settings" ? "settings" : JSON.stringify(route);
}
