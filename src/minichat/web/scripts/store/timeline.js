/**
 * The rows of a message list: messages and the user's own entries on their way, with the days between them, the place
 * where the unread ones begin, and the groups of one author. Pure functions only.
 *
 * @typedef {import("./state.js").Message} Message
 * @typedef {import("./state.js").OutboxEntry} OutboxEntry
 *
 * @typedef {object} MessageRow
 * @property {string} key
 * @property {"message"} kind
 * @property {Message} message
 * @property {boolean} isFirst The first of a group of one author.
 *
 * @typedef {object} EntryRow
 * @property {string} key
 * @property {"entry"} kind
 * @property {OutboxEntry} entry
 * @property {boolean} isFirst
 *
 * @typedef {object} DayRow
 * @property {string} key
 * @property {"day"} kind
 * @property {number} time Some time of that day.
 *
 * @typedef {{key: string, kind: "unread"}} UnreadRow
 *
 * @typedef {MessageRow | EntryRow | DayRow | UnreadRow} Row
 */
import {rowKey} from "./outbox.js";

const LONGEST_PAUSE_MS = 5 * 60_000;

/** @type {UnreadRow} */
export const UNREAD = {key: "unread", kind: "unread"};

/**
 * Make the function that returns the rows. It remembers them: a row is the same object as before if it shows the same.
 * @param {number | undefined} me
 */
export function makeTimeline(me) {
  /** @type {WeakMap<Message | OutboxEntry, MessageRow | EntryRow>} */
  const rowOf = new WeakMap();
  /** @type {WeakMap<Message | OutboxEntry, {time: number, day: string}>} */
  const timeOf = new WeakMap();
  /** @type {Map<string, DayRow>} */
  const dayOf = new Map();

  /** @param {Message | OutboxEntry} item */
  function timesOf(item) {
    const known = timeOf.get(item);
    if (known) return known;
    const time = "clientId" in item ? item.createdAt : Date.parse(item.timestamp);
    const date = new Date(time);
    const times = {time, day: `day ${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`};
    timeOf.set(item, times);
    return times;
  }

  /**
   * @param {Message | OutboxEntry} item
   * @param {boolean} isFirst
   * @returns {MessageRow | EntryRow}
   */
  function remembered(item, isFirst) {
    const known = rowOf.get(item);
    if (known?.isFirst === isFirst) return known;
    const key = rowKey(item, me);
    /** @type {MessageRow | EntryRow} */
    const row =
      "clientId" in item ? {key, kind: "entry", entry: item, isFirst} : {key, kind: "message", message: item, isFirst};
    rowOf.set(item, row);
    return row;
  }

  /**
   * @param {readonly Message[]} messages A run without gaps.
   * @param {readonly OutboxEntry[]} entries Of the same room; empty if the run does not end at the newest message.
   * @param {number | null} [unreadAfter] Messages after this seq are new to the user.
   * @returns {readonly Row[]}
   */
  return (messages, entries, unreadAfter = null) => {
    /** @type {Row[]} */
    const rows = [];
    let day = "";
    let author = /** @type {number | undefined} */ (undefined);
    let before = 0;
    // Without the last one that was read, it is not known where the new ones begin.
    let isMarked = unreadAfter === null || (messages[0]?.seq ?? 0) > unreadAfter + 1;

    /**
     * @param {Message | OutboxEntry} item
     * @param {number | undefined} user
     */
    function add(item, user) {
      const times = timesOf(item);
      let isFirst = user !== author || times.time - before > LONGEST_PAUSE_MS;
      if (times.day !== day && times.time >= before) {
        const row = dayOf.get(times.day) ?? {key: times.day, kind: "day", time: times.time};
        dayOf.set(times.day, row);
        rows.push(row);
        day = times.day;
        isFirst = true;
      }
      if (!isMarked && "seq" in item && item.seq > /** @type {number} */ (unreadAfter) && user !== me) {
        rows.push(UNREAD);
        isMarked = true;
        isFirst = true;
      }
      [author, before] = [user, Math.max(before, times.time)];
      rows.push(remembered(item, isFirst));
    }

    for (const message of messages) add(message, message.user.id);
    for (const entry of entries) add(entry, me);
    return rows;
  };
}
