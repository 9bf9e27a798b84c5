/**
 * The questions before a user leaves or deletes a room.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Room} Room
 */
import {loadMoreParticipants, loadParticipants} from "../actions/participants.js";
import {heirOf} from "../store/participants.js";
import {nameOf} from "../store/people.js";
import {t} from "../texts/texts.js";
import {field} from "../ui/controls.js";
import {confirmDialog, openDialog} from "../ui/dialog.js";
import {h} from "../ui/dom.js";
import {formOf} from "./form.js";

/**
 * @param {App} app
 * @param {Room} room
 */
export async function confirmLeave(app, room) {
  return confirmDialog({
    title: t("leave.title", {name: room.name}),
    text: await leaveText(app, room),
    action: t("leave.action"),
    isDangerous: true,
  });
}

/**
 * @param {App} app
 * @param {Room} room
 */
async function leaveText(app, room) {
  if (room.participants_count <= 1) return t("leave.last");
  const heir = await heirText(app, room);
  const way = t(room.is_private ? "leave.private" : "leave.public");
  return heir === "" ? way : `${heir} ${way}`;
}

/**
 * What becomes of the room when its owner leaves. Empty for others, and if it can't be found out.
 * @param {App} app
 * @param {Room} room
 */
async function heirText(app, room) {
  if (room.role !== "owner") return "";
  try {
    await loadParticipants(app, room.id);
    // A moderator comes before every member, so look at all pages for one.
    const known = () => app.store.get().participants.get(room.id);
    const hasModerator = () => known()?.people.some(({role}) => role === "moderator");
    for (let pages = 0; known()?.next && !hasModerator() && pages < 50; pages += 1) {
      await loadMoreParticipants(app, room.id);
    }
    const heir = heirOf(known()?.people ?? []);
    return heir ? t("leave.heir", {name: nameOf(heir)}) : "";
  } catch {
    return t("leave.heir_unknown");
  }
}

/**
 * Ask for the name of a room before it is deleted.
 * @param {Room} room
 * @returns {Promise<boolean>}
 */
export async function confirmDelete(room) {
  const isSure = await openDialog({
    title: t("delete_room.title", {name: room.name}),
    className: "dialog-small",
    content(/** @type {(value?: boolean) => void} */ close) {
      const name = field({
        label: t("delete_room.label"),
        hint: room.name,
        attributes: {autocomplete: "off", dir: "auto"},
      });
      const form = formOf({
        fields: {name},
        content: [h("p", null, t("delete_room.text"))],
        action: t("delete_room.action"),
        isDangerous: true,
        onCancel: () => close(),
        async send() {
          if (name.input.value.trim() === room.name.trim()) return close(true);
          name.setProblem(t("delete_room.other_name"));
          name.input.focus();
        },
      });
      queueMicrotask(() => name.input.focus());
      return form.element;
    },
  });
  return isSure === true;
}
