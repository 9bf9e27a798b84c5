/**
 * What a user may do with a message, by their role, the kind of the room and the room's policy. The server decides; this
 * keeps what it would refuse out of the menus. Pure functions only.
 *
 * @typedef {import("./state.js").Room} Room
 * @typedef {import("./state.js").Message} Message
 */
import {mayModerate, mayWrite} from "./rooms.js";

/**
 * @param {Room} room
 * @param {Message} message
 * @param {number | undefined} me
 */
export function permissionsOn(room, message, me) {
  const isMine = message.user.id === me;
  const isThere = !message.is_deleted && room.role !== null;
  const isModerator = room.kind === "group" && mayModerate(room);
  return {
    reply: isThere && mayWrite(room),
    react: isThere,
    edit: isThere && isMine,
    copy: !message.is_deleted,
    pin: isThere && mayModerate(room),
    remove: isThere && (isMine || isModerator),
    report: isThere && !isMine,
    block: !isMine,
    seeReaders: isThere && isMine && room.kind === "group",
  };
}
