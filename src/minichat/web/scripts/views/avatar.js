/**
 * The picture of a user or of a room. The server draws a placeholder for users without one; a room shows its first letter.
 *
 * @typedef {import("../api/types.js").User} User
 * @typedef {import("../api/types.js").Room} Room
 */
import {partnerOf} from "../store/rooms.js";
import {h} from "../ui/dom.js";

const COLOURS = 8;

/**
 * The colour of a user or of a room, as `data-colour`: a number of `tokens.css`.
 * @param {{id: number}} owner
 */
export function colourOf({id}) {
  return String(id % COLOURS);
}

/** @param {Pick<User, "avatar">} user @param {string} [size] "small" or "large" */
export function userAvatar(user, size = "") {
  return h("img", {
    class: `avatar ${size && `is-${size}`}`,
    src: user.avatar,
    alt: "",
    loading: "lazy",
    decoding: "async",
    referrerpolicy: "no-referrer",
    draggable: "false",
  });
}

/** @param {Room} room @param {number | undefined} me @param {string} [size] */
export function roomAvatar(room, me, size = "") {
  const partner = partnerOf(room, me);
  if (partner) return userAvatar(partner, size);
  const [letter = "#"] = room.name.replace(/^[^\p{L}\p{N}\p{Extended_Pictographic}]+/u, "");
  return h(
    "span",
    {class: `avatar is-room ${size && `is-${size}`}`, "aria-hidden": "true", dataset: {colour: colourOf(room)}},
    letter.toLocaleUpperCase(),
  );
}
