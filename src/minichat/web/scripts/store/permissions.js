/**
 * What a user may do with a message, by their role, their blocks, the kind of the room and the room's policy. The server
 * decides; this keeps what it would refuse out of the menus. Pure functions only.
 *
 * @typedef {import("./state.js").Room} Room
 * @typedef {import("./state.js").Message} Message
 * @typedef {Pick<import("./state.js").State, "account" | "blocked" | "people">} Who
 */
import {isErased} from "./finding.js";
import {mayModerate, mayWrite, partnerOf} from "./rooms.js";

/**
 * Why nobody can write in a direct chat, or null. An erasure lifts all blocks, so there is one reason at most.
 * @param {Who} state
 * @param {Room} room
 * @returns {"erased" | "blocked" | null}
 */
export function obstacleIn({account, blocked}, room) {
  const partner = partnerOf(room, account?.id);
  if (partner && isErased(partner)) return "erased";
  return partner && blocked.has(partner.id) ? "blocked" : null;
}

/**
 * @param {Who} state
 * @param {Room} room
 * @param {Message} message
 */
export function permissionsOn(state, room, message) {
  const obstacle = obstacleIn(state, room);
  const isBlocked = obstacle === "blocked";
  const hasComposer = obstacle === null;
  const isMine = message.user.id === state.account?.id;
  const isThere = !message.is_deleted && room.role !== null;
  const isModerator = room.kind === "group" && mayModerate(room);
  return {
    reply: isThere && hasComposer && mayWrite(room),
    react: isThere && !isBlocked,
    edit: isThere && hasComposer && isMine,
    copy: !message.is_deleted,
    pin: isThere && mayModerate(room) && (message.is_pinned || !isBlocked),
    remove: isThere && (isMine || isModerator),
    report: isThere && !isMine,
    block: !isMine && !isErased(state.people.get(message.user.id) ?? message.user),
    seeReaders: isThere && isMine && room.kind === "group",
  };
}
