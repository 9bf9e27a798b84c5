/**
 * What a user may do with a participant of a room by role: the entries of a menu, or the buttons of a card.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Room} Room
 * @typedef {import("../api/types.js").Participant} Participant
 */
import {removeParticipant, setRole} from "../actions/participants.js";
import {nameOf} from "../store/people.js";
import {t} from "../texts/texts.js";
import {confirmDialog} from "../ui/dialog.js";

/**
 * @typedef {object} RoleAction
 * @property {string} label
 * @property {import("../ui/icons.js").IconName} sign
 * @property {boolean} [isDangerous]
 * @property {() => Promise<unknown>} run Asks first, where that is needed. Throws what the server refuses.
 */

/**
 * @param {App} app
 * @param {Room} room
 * @param {Participant} participant
 * @param {{promote: boolean, demote: boolean, handOver: boolean, remove: boolean}} rights
 * @returns {RoleAction[]}
 */
export function roleActions(app, room, participant, rights) {
  const name = nameOf(participant);
  const {id} = participant;
  /** @type {(RoleAction | false)[]} */
  const all = [
    rights.promote && {label: t("roles.promote"), sign: "star", run: () => setRole(app, room.id, id, "moderator")},
    rights.demote && {label: t("roles.demote"), sign: "user", run: () => setRole(app, room.id, id, "member")},
    rights.handOver && {
      label: t("roles.hand_over"),
      sign: "crown",
      run: () =>
        ifSure(
          {title: t("roles.hand_over_title", {name}), text: t("roles.hand_over_text"), action: t("roles.hand_over")},
          () => setRole(app, room.id, id, "owner"),
        ),
    },
    rights.remove && {
      label: t("roles.remove"),
      sign: "leave",
      isDangerous: true,
      run: () =>
        ifSure(
          {
            title: t("roles.remove_title", {name}),
            text: t(room.is_private ? "roles.remove_text_private" : "roles.remove_text"),
            action: t("roles.remove"),
            isDangerous: true,
          },
          () => removeParticipant(app, room.id, participant, {isBan: false}),
        ),
    },
    rights.remove && {
      label: t("roles.ban"),
      sign: "ban",
      isDangerous: true,
      run: () =>
        ifSure(
          {
            title: t("roles.ban_title", {name}),
            text: t("roles.ban_text"),
            action: t("roles.ban"),
            isDangerous: true,
          },
          () => removeParticipant(app, room.id, participant, {isBan: true}),
        ),
    },
  ];
  return all.filter((one) => one !== false);
}

/**
 * @param {Parameters<typeof confirmDialog>[0]} question
 * @param {() => Promise<unknown>} run
 */
async function ifSure(question, run) {
  if (await confirmDialog(question)) await run();
}
