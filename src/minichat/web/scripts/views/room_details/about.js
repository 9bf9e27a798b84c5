/**
 * What a room is: picture, name, description, its rules in words, the user's notifications, and the way out.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../api/types.js").Room} Room
 */

import {problemText} from "../../actions/problems.js";
import {deleteRoom, leaveRoom, setNotify} from "../../actions/room_making.js";
import {rightsIn} from "../../store/participants.js";
import {partnerOf} from "../../store/rooms.js";
import {duration} from "../../text/duration.js";
import {day} from "../../text/time.js";
import {language, t} from "../../texts/texts.js";
import {fill, h} from "../../ui/dom.js";
import {icon} from "../../ui/icons.js";
import {openMenu} from "../../ui/menu.js";
import {radioGroup} from "../../ui/select.js";
import {toast} from "../../ui/toast.js";
import {roomAvatar} from "../avatar.js";
import {openPersonCard} from "../dialogs/person_card.js";
import {confirmDelete, confirmLeave} from "../leaving.js";
import {muteItems, muteText} from "../muting.js";

/**
 * @param {App} app
 * @param {number} id
 * @param {AbortSignal} signal
 */
export function about(app, id, signal) {
  const {store} = app;
  const head = h("div", {class: "person-head"});
  const rules = h("ul", {class: "rules"});
  const ways = h("div", {class: "person-actions"});
  const sound = h("div", {class: "form"});
  const me = store.get().account?.id;

  store.watch(
    (state) => state.rooms.get(id) ?? state.cards.get(id),
    (room) => {
      if (!room) return;
      const isGroup = room.kind === "group";
      fill(
        head,
        roomAvatar(room, me, "large"),
        h("p", {class: "person-title", dir: "auto"}, room.name),
        isGroup && h("p", {class: "quiet"}, t("room.members", {count: room.participants_count})),
        room.description !== "" && h("p", {class: "room-description", dir: "auto"}, room.description),
      );
      fill(rules, rulesOf(room));
      rules.hidden = !isGroup;
    },
    signal,
  );

  store.watch(
    (state) => state.rooms.get(id)?.role ?? null,
    (role) => {
      const room = store.get().rooms.get(id);
      if (!room || role === null) return fill(ways);
      const rights = rightsIn(room);
      const partner = partnerOf(room, me);
      fill(
        ways,
        partner && way("user", t("details.person"), () => void openPersonCard(app, partner, {room: id})),
        rights.leave && way("leave", t("details.leave"), () => void leave(app, id), true),
        rights.destroy && way("trash", t("details.delete"), () => void destroy(app, id), true),
      );
    },
    signal,
  );

  store.watch(
    (state) => {
      const room = state.rooms.get(id);
      return room ? `${room.notify} ${room.muted_until}` : "";
    },
    () => {
      const room = store.get().rooms.get(id);
      if (room) showNotify(app, sound, room);
      else fill(sound);
    },
    signal,
  );
  return h("div", {class: "details"}, head, rules, sound, ways);
}

/**
 * @param {import("../../ui/icons.js").IconName} sign
 * @param {string} label
 * @param {() => void} onclick
 * @param {boolean} [isDangerous]
 */
function way(sign, label, onclick, isDangerous = false) {
  return h(
    "button",
    {type: "button", class: `button is-wide ${isDangerous ? "is-dangerous" : ""}`, onclick},
    icon(sign),
    label,
  );
}

/**
 * The rules of a room as sentences.
 * @param {Room} room
 */
function rulesOf(room) {
  /** @type {(readonly [import("../../ui/icons.js").IconName, string] | false)[]} */
  const all = [
    [room.is_private ? "lock" : "globe", t(room.is_private ? "details.private" : "details.public")],
    [
      "edit",
      room.write === "moderators"
        ? t(room.role === "member" ? "details.write_moderators_not_you" : "details.write_moderators")
        : t("details.write_all"),
    ],
    room.cooldown > 0 && ["clock", t("details.cooldown", {time: duration(room.cooldown, language())})],
    ["eye", t(room.history === "all" ? "details.history_all" : "details.history_joined")],
    ["info", t("details.created", {time: day(Date.parse(room.created_at), language(), Date.now())})],
  ];
  return all.filter((rule) => rule !== false).map(([sign, text]) => h("li", null, icon(sign), h("span", null, text)));
}

/**
 * @param {App} app
 * @param {HTMLElement} element
 * @param {Room} room
 */
function showNotify(app, element, room) {
  const held = element.contains(document.activeElement)
    ? /** @type {HTMLInputElement} */ (document.activeElement)
    : null;
  const level = radioGroup({
    label: t("notify.title"),
    value: room.notify,
    options: [
      {value: "all", label: t("notify.all")},
      {value: "mentions", label: t("notify.mentions"), hint: t("notify.mentions_hint")},
      {value: "none", label: t("notify.none")},
    ],
    onchoose: (notify) =>
      void setNotify(app, room.id, {notify}).catch((error) => {
        level.value = room.notify;
        level.setProblem(problemText(error));
      }),
  });
  const mute = h(
    "button",
    {
      type: "button",
      class: "button",
      "aria-haspopup": "menu",
      onclick: () => openMenu(mute, muteItems(app, store(app, room))),
    },
    icon(muteText(room) === "" ? "bell" : "bell-off"),
    t(muteText(room) === "" ? "notify.mute" : "notify.change"),
  );
  fill(element, level.element, h("div", {class: "mute"}, h("span", {class: "quiet"}, muteText(room)), mute));
  if (held?.type === "radio") /** @type {HTMLElement} */ (element.querySelector("input:checked"))?.focus();
  else if (held) mute.focus();
}

/**
 * @param {App} app
 * @param {Room} room
 */
function store(app, room) {
  return app.store.get().rooms.get(room.id) ?? room;
}

/**
 * @param {App} app
 * @param {number} id
 */
async function leave(app, id) {
  const room = app.store.get().rooms.get(id);
  if (room && (await confirmLeave(app, room))) {
    await leaveRoom(app, id).catch((error) => toast(problemText(error), {isProblem: true}));
  }
}

/**
 * @param {App} app
 * @param {number} id
 */
async function destroy(app, id) {
  const room = app.store.get().rooms.get(id);
  if (room && (await confirmDelete(room))) {
    await deleteRoom(app, id).catch((error) => toast(problemText(error), {isProblem: true}));
  }
}
