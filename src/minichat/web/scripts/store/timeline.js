/**
 * The rows of a message list: messages and the user's own entries on their way, with the days between them and the groups
 * of one author. Pure functions only.
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
 * @typedef {MessageRow | EntryRow | DayRow} Row
 */
import {rowKey} from "./outbox.js";

const LONGEST_PAUSE_MS = 5 * 60_000;

/**
 * @param {readonly Message[]} messages A run without gaps.
 * @param {readonly OutboxEntry[]} entries Of the same room; empty if the run does not end at the newest message.
 * @param {number | undefined} me
 * @returns {readonly Row[]}
 */
export function rowsOf(messages, entries, me) {
  /** @type {Row[]} */
  const rows = [];
  let day = "";
  let author = /** @type {number | undefined} */ (undefined);
  let before = 0;

  /**
   * @param {number} time
   * @param {number | undefined} user
   */
  function begin(time, user) {
    const date = new Date(time);
    const key = `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
    const isNewDay = key !== day;
    if (isNewDay) rows.push({key: `day ${key}`, kind: "day", time});
    const isFirst = isNewDay || user !== author || time - before > LONGEST_PAUSE_MS;
    [day, author, before] = [key, user, time];
    return isFirst;
  }

  for (const message of messages) {
    const isFirst = begin(Date.parse(message.timestamp), message.user.id);
    rows.push({key: rowKey(message, me), kind: "message", message, isFirst});
  }
  for (const entry of entries) {
    const isFirst = begin(Math.max(entry.createdAt, before), me);
    rows.push({key: rowKey(entry, me), kind: "entry", entry, isFirst});
  }
  return rows;
}
