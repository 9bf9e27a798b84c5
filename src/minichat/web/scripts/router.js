/**
 * Pages and their addresses. The page is in the fragment of the URL, so every page is served by the same file and Back
 * works as in any other site. Parsing and writing are pure; `watchAddress` connects them to the browser.
 */
import {goTo, leaveTo} from "./ui/layers.js";

/**
 * @typedef {{page: "home"} |
 *   {page: "room", room: number, message?: number} |
 *   {page: "settings", section: string} |
 *   {page: "search", room?: number} | {page: "mentions"} |
 *   {page: "invite", token: string} |
 *   {page: "reset", token: string} | {page: "verify", token: string} | {page: "forgot-password"} |
 *   {page: "log-in"} | {page: "register"} | {page: "other", path: string}} Route
 */

/**
 * @param {string} hash The fragment, with its "#".
 * @returns {Route}
 */
export function parseRoute(hash) {
  const path = hash.replace(/^#/, "");
  // Mail programs add a full stop or a parameter to a link. Its token must leave the address bar in that case too.
  const link = /^(invite)=([\w.~-]+)$/.exec(path) ?? /^(reset|verify)=([\w-]+)/.exec(path);
  if (link) return {page: /** @type {"invite" | "reset" | "verify"} */ (link[1]), token: String(link[2])};
  const parts = path.split("/").filter((part) => part !== "");
  const [first, second, third, fourth] = parts;
  if (first === undefined) return {page: "home"};
  if (first === "rooms" && parts.length === 2 && isId(second)) return {page: "room", room: Number(second)};
  if (first === "rooms" && parts.length === 4 && isId(second) && third === "messages" && isId(fourth)) {
    return {page: "room", room: Number(second), message: Number(fourth)};
  }
  if (first === "search" && parts.length === 1) return {page: "search"};
  if (first === "search" && parts.length === 2 && isId(second)) return {page: "search", room: Number(second)};
  if (first === "mentions" && parts.length === 1) return {page: "mentions"};
  if (first === "settings" && parts.length <= 2) return {page: "settings", section: second ?? ""};
  if (first === "log-in" || first === "register" || first === "forgot-password") return {page: first};
  if (first === "reset" || first === "verify") return {page: first, token: ""};
  return {page: "other", path};
}

/** @param {string | undefined} text */
function isId(text) {
  return text !== undefined && /^[1-9]\d{0,15}$/.test(text);
}

/**
 * @param {Route} route
 * @returns {string} The fragment, with its "#", without the token of a mail's link.
 */
export function href(route) {
  switch (route.page) {
    case "home":
      return "#/";
    case "room":
      return route.message === undefined ? `#/rooms/${route.room}` : `#/rooms/${route.room}/messages/${route.message}`;
    case "settings":
      return route.section === "" ? "#/settings" : `#/settings/${route.section}`;
    case "search":
      return route.room === undefined ? "#/search" : `#/search/${route.room}`;
    case "invite":
      return `#invite=${route.token}`;
    case "other":
      return `#${route.path}`;
    default:
      return `#/${route.page}`;
  }
}

/**
 * Show a page.
 * @param {Route} route
 * @param {{replace?: boolean}} [how] Replace the page in the browser's history, so that Back does not return to it.
 */
export function go(route, {replace = false} = {}) {
  goTo(href(route), {replace});
}

/**
 * Go back to the page below this one, or replace this page with it.
 * @param {Route} route
 */
export function goBackTo(route) {
  leaveTo(href(route));
}

/**
 * Run with the present route, and whenever it changes.
 * @param {(route: Route) => void} run
 * @param {AbortSignal} signal
 */
export function watchAddress(run, signal) {
  const read = () => {
    const route = parseRoute(location.hash);
    // The token of a mail's link stays in memory alone: neither the address bar nor the history keeps it.
    if (route.page === "reset" || route.page === "verify") history.replaceState(history.state, "", href(route));
    run(route);
  };
  addEventListener("hashchange", read, {signal});
  read();
}
