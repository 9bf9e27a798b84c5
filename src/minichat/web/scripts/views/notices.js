/**
 * Notifications and the sound of new messages: once for all tabs, and never for a room that the user looks at.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Message} Message
 */
import {go} from "../router.js";
import {noticesOf} from "../store/notices.js";
import {nameOf} from "../store/people.js";
import {plain} from "../text/markup.js";
import {t} from "../texts/texts.js";
import {scope} from "../ui/dom.js";
import {notify, permission} from "../ui/notifications.js";
import {mayPlay, playSound} from "../ui/sound.js";

const LONGEST_TEXT = 200;
/** The events of a message reach all tabs within this time. */
const CLAIM_MS = 20_000;
/** Messages that come faster than this make one sound. */
const QUIET_MS = 2_000;

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function watchNotices(app, signal) {
  const {claims, store} = app;
  const prefix = `minichat ${app.base.href} ${store.get().account?.id}`;
  /** The notifications that are shown, by room. @type {Map<number, {notification: Notification, seq: number}>} */
  const shown = new Map();
  const looking = scope(signal);
  /** The room that the user looks at in this tab. */
  let seen = 0;

  function look() {
    const {route} = store.get();
    const isWatched = document.visibilityState === "visible" && document.hasFocus();
    const room = isWatched && route.page === "room" ? route.room : 0;
    if (room === seen) return;
    seen = room;
    const end = looking.next();
    if (room !== 0) claims.hold(`${prefix} looks at ${room}`, end);
  }

  /** @param {Message} message */
  async function notice(message) {
    const name = `${prefix} message ${message.id}`;
    if (message.room === seen || (await claims.isHeld(`${prefix} looks at ${message.room}`))) return;
    const {settings} = store.get();
    if (settings.notifications && permission() === "granted" && (await claims.take(name, CLAIM_MS))) show(message);
    if (!settings.sound || !mayPlay() || !(await claims.take(`${prefix} sound`, QUIET_MS))) return;
    if (await claims.take(`${name} sound`, CLAIM_MS)) await playSound();
  }

  /** @param {Message} message */
  function show(message) {
    const room = store.get().rooms.get(message.room);
    if (!room || signal.aborted || message.seq <= room.last_read_seq) return;
    const name = nameOf(message.user);
    const notification = notify(
      room.kind === "direct" ? name : t("notices.title", {name, room: room.name}),
      {body: plain(message.content).slice(0, LONGEST_TEXT), icon: message.user.avatar, tag: `${prefix} ${room.id}`},
      () => go({page: "room", room: room.id}),
    );
    if (notification) shown.set(room.id, {notification, seq: message.seq});
  }

  /** Close what the user has read, here or on another device. */
  function closeRead() {
    for (const [id, {notification, seq}] of shown) {
      const room = store.get().rooms.get(id);
      if (room && room.last_read_seq < seq) continue;
      notification.close();
      shown.delete(id);
    }
  }

  app.onEvents((events) => {
    for (const message of noticesOf(store.get(), events, app.now())) void notice(message);
  }, signal);
  store.watch((state) => state.rooms, closeRead, signal);
  store.watch((state) => state.route, look, signal);
  for (const type of ["focus", "blur", "pageshow"]) addEventListener(type, look, {signal});
  document.addEventListener("visibilitychange", look, {signal});
  signal.addEventListener("abort", () => {
    for (const {notification} of shown.values()) notification.close();
  });
}
