/**
 * The objects of the public API, as types. Only shapes: this module has no code, and knows nothing of the screen.
 *
 * @typedef {{id: number, username: string, first_name: string, last_name: string, full_name: string, avatar: string}} User
 * @typedef {User & {is_online: boolean, last_seen: string | null}} Person
 * @typedef {"owner" | "moderator" | "member"} Role
 * @typedef {Person & {role: Role, last_read_seq: number}} Participant
 * @typedef {User & {email: string, email_verified: boolean, date_joined: string}} Account
 * @typedef {{access: string, refresh: string}} Tokens
 * @typedef {"all" | "mentions" | "none"} NotifyLevel
 *
 * @typedef {object} Room
 * @property {number} id
 * @property {string} name
 * @property {string} description
 * @property {"group" | "direct"} kind
 * @property {boolean} is_private
 * @property {string} created_at
 * @property {Person[]} participants At most 20 of them.
 * @property {number} participants_count
 * @property {Role | null} role Null if you are not in this public room.
 * @property {Message | null} last_message
 * @property {number} last_seq
 * @property {number} last_read_seq
 * @property {number} unread_count
 * @property {number} unread_mentions
 * @property {NotifyLevel} notify
 * @property {string | null} muted_until
 * @property {"all" | "moderators"} write
 * @property {number} cooldown In seconds.
 * @property {"all" | "joined"} history
 *
 * @typedef {{emoji: string, count: number, mine: boolean, users: number[]}} Reaction
 *
 * @typedef {object} Message
 * @property {number} id
 * @property {number} room
 * @property {number} seq
 * @property {User} user
 * @property {string} user_username
 * @property {string} content
 * @property {string} timestamp
 * @property {string | null} edited_at
 * @property {boolean} is_deleted
 * @property {boolean} is_read
 * @property {number | null} reply_to
 * @property {string | null} client_id
 * @property {Reaction[]} reactions
 * @property {User[]} mentions
 * @property {boolean} mentions_all
 * @property {boolean} is_pinned
 * @property {boolean} is_blocked
 *
 * @typedef {object} Info
 * @property {"open" | "invite" | "closed"} registration
 * @property {"everyone" | "shared"} directory
 * @property {boolean} password_reset
 * @property {string[]} languages
 * @property {{content: number, username: [number, number], password: [number, number], room_name: number,
 *   description: number, participants: number, avatar_bytes: number}} limits
 *
 * @typedef {{id: number, created_at: string, last_used_at: string, expires_at: string, user_agent: string, ip: string,
 *   current: boolean}} SessionInfo
 * @typedef {{id: number, token?: string, url?: string, created_by: User, expires_at: string, uses: number | null,
 *   used: number}} Invitation
 * @typedef {{room: {name: string, description: string, participants_count: number}, invited_by: User,
 *   expires_at: string}} InvitationPreview
 * @typedef {{emoji: string, user: User, created_at: string}} Reactor
 * @typedef {{total: number, mentions: number, rooms: {room: number, unread_count: number, unread_mentions: number,
 *   last_read_seq: number}[]}} Unread
 *
 * @typedef {{room: number, message: number, seq: number, emoji: string, user: User, added: boolean,
 *   count: number}} ReactionChange
 * @typedef {{id?: string, time?: string} & (
 *   {type: "message.created" | "message.updated" | "message.deleted" | "message.pinned" | "message.unpinned",
 *     data: Message} |
 *   {type: "reaction.changed", data: ReactionChange} |
 *   {type: "message.read", data: {room: number, user: number, last_read_seq: number}} |
 *   {type: "room.created" | "room.updated" | "room.notify", data: Room} |
 *   {type: "room.deleted", data: {room: number}} |
 *   {type: "participant.joined" | "participant.updated" | "participant.left",
 *     data: {room: number, user: User, role: Role}} |
 *   {type: "block.changed", data: {user: User, is_blocked: boolean}} |
 *   {type: "typing", data: {room: number, user: number}} |
 *   {type: "presence", data: {user: number, is_online: boolean, last_seen: string | null}} |
 *   {type: "resync", data: {}}
 * )} Event An event of the change log.
 */
export {};
