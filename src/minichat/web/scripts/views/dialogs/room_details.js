/**
 * The dialog about a room: what it is, who is in it, invitations and settings, as far as the user's role permits.
 *
 * @typedef {import("../../app.js").App} App
 */
import {rightsIn} from "../../store/participants.js";
import {t} from "../../texts/texts.js";
import {openDialog} from "../../ui/dialog.js";
import {tabs} from "../../ui/tabs.js";
import {about} from "../room_details/about.js";
import {invitations} from "../room_details/invitations.js";
import {members} from "../room_details/members.js";
import {roomSettings} from "../room_details/settings.js";

/**
 * @param {App} app
 * @param {number} id
 * @param {{tab?: "about" | "members" | "invitations" | "settings"}} [where]
 */
export function openRoomDetails(app, id, {tab = "about"} = {}) {
  const {store} = app;
  const room = store.get().rooms.get(id) ?? store.get().cards.get(id);
  if (!room) return Promise.resolve();
  return openDialog({
    title: room.kind === "direct" ? t("details.title_direct") : t("details.title"),
    className: "dialog-tall dialog-details",
    content(close, signal) {
      const parts = () => {
        const state = store.get();
        const now = state.rooms.get(id) ?? state.cards.get(id) ?? room;
        const isIn = now.role !== null;
        const rights = rightsIn(now);
        return [
          {key: "about", label: t("details.about"), content: (/** @type {AbortSignal} */ end) => about(app, id, end)},
          isIn &&
            now.kind === "group" && {
              key: "members",
              label: t("details.members"),
              content: (/** @type {AbortSignal} */ end) => members(app, id, end),
            },
          rights.invite && {
            key: "invitations",
            label: t("details.invitations"),
            content: (/** @type {AbortSignal} */ end) => invitations(app, id, end),
          },
          rights.change && {
            key: "settings",
            label: t("details.settings"),
            content: (/** @type {AbortSignal} */ end) => roomSettings(app, id, end),
          },
        ].filter((part) => part !== false);
      };
      const set = tabs({label: t("details.title"), tabs: parts(), first: tab, signal});
      store.watch(
        (state) => state.rooms.get(id)?.role,
        (role, before) => {
          // The user has left the room, or was removed.
          if (before && !role) close();
          else set.update(parts());
        },
        signal,
      );
      return set.element;
    },
  });
}
