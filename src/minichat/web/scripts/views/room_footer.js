/**
 * What stands below the messages: the composer, or the reason why there is none.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").State} State
 */
import {setBlocked} from "../actions/blocks.js";
import {problemText} from "../actions/problems.js";
import {joinRoom} from "../actions/rooms.js";
import {draftOf} from "../store/drafts.js";
import {obstacleIn} from "../store/permissions.js";
import {mayWrite, partnerOf} from "../store/rooms.js";
import {t} from "../texts/texts.js";
import {h, refill, scope} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {toast} from "../ui/toast.js";
import {composer} from "./composer.js";
import {unsentTexts} from "./unsent.js";

/**
 * @param {App} app
 * @param {number} id
 * @param {AbortSignal} signal
 */
export function roomFooter(app, id, signal) {
  const element = h("div", {class: "room-footer"});
  const part = scope(signal);
  const views = {
    card: () => joinButton(app, id),
    blocked: () => unblockNote(app, id),
    erased: () => note("lock", t("composer.erased")),
    announcements: () => note("lock", t("composer.announcements")),
  };
  const draft = (/** @type {AbortSignal} */ end) => unsentTexts(app, id, end, {isBelowMessages: true});
  app.store.watch(
    (state) => kindOf(state, id),
    (kind, before) => {
      const end = part.next();
      // Within an open room, a composer that comes back takes the focus from nothing else, such as a search.
      const takesFocus = before === undefined || element.contains(document.activeElement);
      if (kind === "composer") refill(element, composer(app, id, end, {takesFocus}));
      else refill(element, kind !== "card" && draft(end), views[kind]());
    },
    signal,
  );
  return element;
}

/**
 * @param {State} state
 * @param {number} id
 */
function kindOf(state, id) {
  const room = state.rooms.get(id);
  if (!room) return "card";
  const obstacle = obstacleIn(state, room);
  if (obstacle !== null) return obstacle;
  return mayWrite(room) || draftOf(state, id).editing !== null ? "composer" : "announcements";
}

/**
 * @param {import("../ui/icons.js").IconName} sign
 * @param {...import("../ui/dom.js").Child} children
 */
function note(sign, ...children) {
  return h("div", {class: "room-note"}, icon(sign), ...children);
}

/**
 * @param {App} app
 * @param {number} id
 */
function unblockNote(app, id) {
  const {rooms, account} = app.store.get();
  const room = rooms.get(id);
  const partner = room && partnerOf(room, account?.id);
  if (!partner) return note("lock");
  const unblock = () => setBlocked(app, partner, false).catch((error) => toast(problemText(error), {isProblem: true}));
  return note(
    "lock",
    h("span", null, t("composer.blocked")),
    h("button", {type: "button", class: "link-button", onclick: unblock}, t("composer.unblock")),
  );
}

/**
 * @param {App} app
 * @param {number} id
 */
function joinButton(app, id) {
  return h(
    "button",
    {
      type: "button",
      class: "button is-main room-join",
      onclick: () => joinRoom(app, id).catch((error) => toast(problemText(error), {isProblem: true})),
    },
    t("room.join"),
  );
}
