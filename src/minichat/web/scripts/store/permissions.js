/**
 * What a user may do with a message, by their role, their blocks, the kind of the room and the room's policy. The server
 * decides; this keeps what it would refuse out of the menus. Pure functions only.
 *
 * @typedef {import("./state.js").Room} Room
 * @typedef {import("./state.js").Message} Message
 */
import {isErased} from "./finding.js";
import {mayModerate, mayWrite, partnerOf} from "./rooms.js";

/**
 * @param {Pick<import("./state.js").State, "account" | "blocked">} state
 * @param {Room} room
 * @param {Message} message
 */
export function permissionsOn({account, blocked}, room, message) {
  const me = account?.id;
  const partner = partnerOf(room, me);
  const isBlocked = partner !== undefined && blocked.has(partner.id);
  const hasComposer = !isBlocked && !(partner && isErased(partner));
  const isMine = message.user.id === me;
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
    block: !isMine,
    seeReaders: isThere && isMine && room.kind === "group",
  };
}
