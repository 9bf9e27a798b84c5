/**
 * Links in a text: where one ends. Pure functions only.
 */

const RUN = /[^\s<>"`«»“”„|\\^{}。，、！？；：「」『』【】（）\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069]+/uy;
const MAIL = /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}\p{M}._-]{1,253}/uy;
const WITH_SCHEME = /^(?:https?:\/\/|mailto:|www\.)/i;
const PAIRS = /** @type {Record<string, string>} */ ({")": "(", "]": "["});
const FINAL = /[.,:;!?'’…*~]/;
const DOMAIN = /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]{0,62}[\p{L}\p{N}\p{M}])?\.)+[\p{L}\p{M}]{2,63}$/u;

/**
 * @param {string} text
 * @returns {(at: number, isOpen: (marker: string) => boolean) => {kind: "link", text: string, href: string} | null} The
 *   link that begins at a place, if there is one. `isOpen`: such a marker of bold or italic waits for its end. Called in
 *   the order of the text.
 */
export function linkFinder(text) {
  let failedUntil = 0; // trying each beginning within one long run would take quadratic time
  return (at, isOpen) => {
    if (at < failedUntil || (at > 0 && /[\p{Script=Latin}\p{N}]/u.test(text[at - 1]))) return null;
    const pattern = WITH_SCHEME.test(text.slice(at, at + 8)) ? RUN : MAIL;
    pattern.lastIndex = at;
    const run = pattern.exec(text)?.[0];
    if (!run) return null;
    const link = withoutEnd(run, isOpen);
    const href = addressOf(link);
    if (href !== null) return {kind: "link", text: link, href};
    failedUntil = at + run.length;
    return null;
  };
}

/**
 * Without the punctuation of the sentence around it. A closing bracket stays if the link holds its opening one.
 * @param {string} run
 * @param {(marker: string) => boolean} isOpen
 */
function withoutEnd(run, isOpen) {
  const counts = /** @type {Record<string, number>} */ ({"(": 0, ")": 0, "[": 0, "]": 0});
  for (const character of run) if (character in counts) counts[character] += 1;
  let end = run.length;
  for (; end > 0; end -= 1) {
    const last = run[end - 1];
    if (last in PAIRS) {
      if (counts[last] <= counts[PAIRS[last]]) break;
      counts[last] -= 1;
    } else if (last === "(" || last === "[") {
      counts[last] -= 1;
    } else if (!FINAL.test(last) && !(last === "_" && isOpen("_"))) {
      break;
    }
  }
  const link = run.slice(0, end);
  const bold = isOpen("**") ? link.indexOf("**") : -1;
  return bold < 0 ? link : link.slice(0, bold);
}

/**
 * The address to open: http, https and mailto only.
 * @param {string} link
 */
function addressOf(link) {
  const scheme = WITH_SCHEME.exec(link)?.[0].toLowerCase();
  if (scheme === undefined || scheme === "mailto:") {
    const [name, domain, ...rest] = (scheme === undefined ? link : link.slice(scheme.length)).split("@");
    const isAddress = name !== "" && domain !== undefined && rest.length === 0 && DOMAIN.test(domain.split("?")[0]);
    return isAddress ? (scheme === undefined ? `mailto:${link}` : link) : null;
  }
  if (scheme === "www." && !DOMAIN.test(link.split(/[/?#:]/)[0])) return null;
  const url = URL.parse(scheme === "www." ? `https://${link}` : link);
  if (url === null || url.hostname === "") return null;
  // https://bank.example@evil.example leads to evil.example.
  return url.username === "" && url.password === "" ? url.href : null;
}
