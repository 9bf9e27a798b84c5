/**
 * The chat of a logged-in user: the list of rooms beside the open page; on a phone one of the two.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../router.js").Route} Route
 */
import {href} from "../router.js";
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
  /** The open room. @type {number | undefined} */
  let room;
  signal.addEventListener("abort", closeLayers); // such as after the end of the session
  watchDepartures(app, signal);
  watchNotices(app, signal);
  shortcuts(app, signal);

  app.store.watch(
    (state) => pageKey(state.route),
    (_key, before) => {
      const from = room;
      const {route} = app.store.get();
      const hadFocus = main.contains(document.activeElement) || document.activeElement === document.body;
      room = route.page === "room" ? route.room : undefined;
      element.dataset.pane = route.page === "home" ? "list" : "main";
      // A phone hides the list with the row that was pressed. To ask it of the new page would lay that out twice.
      const isLost = hadFocus || !document.activeElement?.checkVisibility();
      fill(main, pageOf(route)(app, page.next()));
      if (before !== undefined && isLost) takeFocus(from);
    },
    signal,
  );

  /**
   * Put the focus into the new page, or on a phone on the row of the room that the user comes from.
   * @param {number | undefined} from
   */
  function takeFocus(from) {
    const row = from && element.querySelector(`.side a[href="${href({page: "room", room: from})}"]`);
    const places = /** @type {(HTMLElement | null)[]} */ ([main, row ?? null, element.querySelector("h1")]);
    const place = places.find((one) => one?.checkVisibility());
    if (!place?.contains(document.activeElement)) place?.focus({preventScroll: true});
  }

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
