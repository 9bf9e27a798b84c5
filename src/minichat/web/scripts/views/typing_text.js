/**
 * The sentence that names the people who are typing in a room.
 *
 * @typedef {import("../store/state.js").State} State
 */
import {shortNameOf} from "../store/people.js";
import {t} from "../texts/texts.js";

/**
 * @param {State} state
 * @param {number} room
 * @param {{withName: boolean}} how
 * @returns {string} Empty if nobody is typing.
 */
export function typingText(state, room, {withName}) {
  const names = [...(state.typing.get(room)?.keys() ?? [])].flatMap((id) => {
    const person = state.people.get(id);
    return person && !state.blocked.has(id) ? [shortNameOf(person)] : [];
  });
  if (names.length === 0) return "";
  if (names.length === 1) return withName ? t("room.typing_one", {name: names[0]}) : t("room.typing");
  if (names.length === 2) return t("room.typing_two", {first: names[0], second: names[1]});
  return t("room.typing_many");
}
