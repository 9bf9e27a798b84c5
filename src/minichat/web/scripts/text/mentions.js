/**
 * Mentions in a text: which of the people that the server found stands at an `@`, as the contract finds them. Pure
 * functions only.
 *
 * @typedef {import("./markup.js").Mentioned} Mentioned
 * @typedef {{kind: "mention", text: string, user: number} | {kind: "everybody", text: string}} MentionSpan
 */

/** The server looks at no more. */
const MOST_SIGNS = 100;
const PREVENTS = /[\p{L}\p{M}\p{N}._\-/@:=&?]/u;
const NAME = /[\p{L}\p{M}\p{N}._-]{0,64}/uy;
const EVERYBODY = "all";

/**
 * @param {readonly Mentioned[]} people
 * @param {boolean} everybody `@all` mentions everybody.
 * @returns {(text: string, at: number) => MentionSpan | null} What is mentioned at an `@`. Called in the order of the text.
 */
export function mentionFinder(people, everybody) {
  const byName = new Map(people.map((user) => [fold(user.username), user.id]));
  const fullNames = people
    .filter((user) => user.full_name !== "")
    .sort((a, b) => b.full_name.length - a.full_name.length);
  let signs = 0;

  /** @param {string} text @param {number} at @returns {MentionSpan | null} */
  function byUsername(text, at) {
    NAME.lastIndex = at + 1;
    for (let name = NAME.exec(text)?.[0] ?? ""; name !== ""; name = name.slice(0, -1)) {
      const user = byName.get(fold(name));
      if (user !== undefined) return {kind: "mention", text: `@${name}`, user};
      if (everybody && fold(name) === EVERYBODY) return {kind: "everybody", text: `@${name}`};
      if (!/[._-]$/.test(name)) return null;
    }
    return null;
  }

  return (text, at) => {
    signs += 1;
    if (signs > MOST_SIGNS || (byName.size === 0 && !everybody)) return null;
    if (at > 0 && PREVENTS.test(text[at - 1])) return null;
    const named = fullNames.find((user) => startsWithName(text, at + 1, user.full_name));
    if (named) return {kind: "mention", text: `@${named.full_name}`, user: named.id};
    return byUsername(text, at);
  };
}

/**
 * The text holds this name after an `@`, and the name ends there.
 * @param {string} text
 * @param {string} name
 */
export function holdsName(text, name) {
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    if (startsWithName(text, at + 1, name)) return true;
  }
  return false;
}

/**
 * @param {string} text
 * @param {number} start
 * @param {string} name
 */
function startsWithName(text, start, name) {
  return (
    text.startsWith(name, start) &&
    !/^[\p{L}\p{M}\p{N}_]/u.test(text.slice(start + name.length, start + name.length + 2))
  );
}

/** As usernames are compared, nearly: case and width do not matter. @param {string} name */
export function fold(name) {
  return name.normalize("NFKC").toLowerCase();
}
