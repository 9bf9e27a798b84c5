/**
 * The view of each page of the main pane. A new page has a line here and in router.js.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../router.js").Route} Route
 */
import {t} from "../texts/texts.js";
import {fill, h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {laterPage} from "./later_page.js";
import {room} from "./room.js";

/**
 * @param {Route} route
 * @returns {(app: App, signal: AbortSignal) => HTMLElement}
 */
export function pageOf(route) {
  switch (route.page) {
    case "room":
      return (app, signal) => room(app, route.room, signal);
    case "search":
      return laterPage(async () => {
        const {searchPage} = await import("./search.js");
        return (app, signal) => searchPage(app, route.room, signal);
      });
    case "mentions":
      return laterPage(async () => (await import("./mentions.js")).mentionsPage);
    case "invite":
      return laterPage(async () => {
        const {invitationPage} = await import("./invitation.js");
        return (app, signal) => invitationPage(app, route.token, signal);
      });
    case "forgot-password":
    case "reset":
    case "verify":
      return laterPage(async () => (await import("./recovery.js")).recoveryPage);
    case "settings":
      return laterPage(async () => (await import("./settings/settings.js")).settingsPage);
    case "home":
    case "log-in":
    case "register":
      return home;
    default:
      return () => blank("search", h("p", null, t("app.not_found")));
  }
}

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
function home(app, signal) {
  const text = h("p");
  app.store.watch(
    ({rooms, isLoaded}) => isLoaded && rooms.size === 0,
    (isEmpty) => fill(text, t(isEmpty ? "rooms.none_to_pick" : "rooms.pick")),
    signal,
  );
  return blank("chat", text);
}

/**
 * @param {import("../ui/icons.js").IconName} sign
 * @param {import("../ui/dom.js").Child} text
 */
function blank(sign, text) {
  return h(
    "div",
    {class: "blank"},
    h("div", {class: "blank-sign"}, icon(sign)),
    text,
    h("a", {href: "#/", class: "button blank-back"}, t("app.to_rooms")),
  );
}
