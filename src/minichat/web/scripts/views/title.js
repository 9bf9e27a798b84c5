/**
 * The title and the icon of the tab: the open room, and how much is unread. Mentions have a colour and a sign of their own.
 *
 * @typedef {import("../app.js").App} App
 */
import {totals} from "../store/unread.js";
import {t} from "../texts/texts.js";

const MENTIONS = "#d9303c";
const UNREAD = "#3b4252";
const MOST = 99;
/** The icon may wait: what the user has just done must show first. */
const ICON_MS = 200;
/** A muted room counts again when its time is over. */
const AGAIN_MS = 60_000;

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function watchTitle(app, signal) {
  const icon = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel="icon"]'));
  const plain = icon?.href ?? "";
  let drawn = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let drawing;

  function show() {
    const state = app.store.get();
    const {unread, mentions} = state.phase === "in" ? totals(state.rooms, Date.now()) : {unread: 0, mentions: 0};
    const counts = [mentions > 0 && `@${mentions}`, unread > 0 && unread].filter((one) => one !== false);
    document.title = counts.length > 0 ? `(${counts.join(" · ")}) ${nameOf(state)}` : nameOf(state);
    showIcon(unread, mentions);
  }

  /**
   * @param {number} unread
   * @param {number} mentions
   */
  function showIcon(unread, mentions) {
    const sign = mentions > 0 ? `@${mentions}` : String(unread);
    if (!icon || sign === drawn) return;
    drawn = sign;
    const address = sign === "0" ? plain : iconWith(mentions || unread, mentions > 0 ? MENTIONS : UNREAD);
    clearTimeout(drawing);
    drawing = setTimeout(() => {
      icon.href = address;
    }, ICON_MS);
  }

  app.store.watch((state) => state.rooms, show, signal);
  app.store.watch((state) => state.route, show, signal);
  app.store.watch((state) => state.phase, show, signal);
  const timer = setInterval(show, AGAIN_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/**
 * The name of the open page.
 * @param {import("../store/state.js").State} state
 */
function nameOf({rooms, route}) {
  const room = route.page === "room" ? rooms.get(route.room)?.name : undefined;
  const page = route.page === "settings" ? t("settings.title") : room;
  return page ? `${page} · ${t("app.name")}` : t("app.name");
}

/**
 * Our sign with a number, as an address.
 * @param {number} count
 * @param {string} colour
 */
function iconWith(count, colour) {
  const text = count > MOST ? `${MOST}+` : String(count);
  const size = text.length > 2 ? 24 : 32;
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="16" fill="#3d63dd"/>' +
    '<path d="M10 16a7 7 0 0 1 7-7h22a7 7 0 0 1 7 7v15a7 7 0 0 1-7 7H27l-9.3 8.200A1.600 1.600 0 0 1 15 45v-7.300A7 7 0 0 1 10 30z" fill="#fff"/>' +
    `<circle cx="42" cy="42" r="22" fill="${colour}" stroke="#fff" stroke-width="3"/>` +
    `<text x="42" y="${42 + size * 0.36}" font-family="sans-serif" font-weight="700" font-size="${size}" fill="#fff" text-anchor="middle">${text}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
