/**
 * When a person was last there, as a short text.
 *
 * @typedef {import("../api/types.js").Person} Person
 */
import {clock, day, daysAgo} from "../text/time.js";
import {language, t} from "../texts/texts.js";

/** @param {Pick<Person, "is_online" | "last_seen">} person */
export function presenceText({is_online, last_seen}) {
  if (is_online) return t("room.online");
  if (last_seen === null) return t("room.seen_never");
  const seen = Date.parse(last_seen);
  const now = Date.now();
  const days = daysAgo(seen, now);
  if (days <= 0) return t("room.seen_today", {time: clock(seen, language())});
  if (days === 1) return t("room.seen_yesterday", {time: clock(seen, language())});
  return t("room.seen", {time: day(seen, language(), now)});
}
