/**
 * One person in a list: picture with presence, name, username and a note.
 *
 * @typedef {import("../api/types.js").User} User
 * @typedef {import("../api/types.js").Person} Person
 */
import {nameOf} from "../store/people.js";
import {t} from "../texts/texts.js";
import {h} from "../ui/dom.js";
import {userAvatar} from "./avatar.js";
import {presenceText} from "./presence.js";

/**
 * @param {User | Person} user
 * @param {object} [how]
 * @param {string} [how.note] Stands instead of the presence.
 * @param {import("../ui/dom.js").Child[]} [how.end] At the end of the row.
 * @param {() => void} [how.onclick] Makes the name a button.
 */
export function personRow(user, {note, end = [], onclick} = {}) {
  const isOnline = "is_online" in user && user.is_online;
  const line = note ?? ("is_online" in user ? presenceText(user) : "");
  const body = [
    h(
      "span",
      {class: isOnline ? "room-picture is-online" : "room-picture"},
      userAvatar(user, "middle"),
      h("span", {class: "presence-dot"}),
    ),
    h(
      "span",
      {class: "person-lines"},
      h("span", {class: "person-name", dir: "auto"}, nameOf(user)),
      h(
        "span",
        {class: "person-line"},
        h("bdi", null, `@${user.username}`),
        line === "" ? null : ` · ${line}`,
        isOnline && note !== undefined ? h("span", {class: "only-heard"}, t("room.online")) : null,
      ),
    ),
  ];
  return h(
    "div",
    {class: "person-row"},
    onclick
      ? h("button", {type: "button", class: "person-main", onclick}, ...body)
      : h("span", {class: "person-main"}, ...body),
    ...end,
  );
}
