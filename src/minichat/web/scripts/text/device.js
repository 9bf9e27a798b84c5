/**
 * The name of a device out of the text that its browser sends (`User-Agent`). A guess for people, never for a rule.
 */

/** The first that fits wins: most browsers also claim to be another one. @type {readonly [RegExp, string][]} */
const PROGRAMS = [
  [/\bEdg(?:e|A|iOS)?\//, "Edge"],
  [/\bOPR\/|\bOpera\b/, "Opera"],
  [/\bYaBrowser\//, "Yandex Browser"],
  [/\bVivaldi\//, "Vivaldi"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/\bHeadlessChrome\/|\bChrom(?:e|ium)\/|\bCriOS\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];
/** @type {readonly [RegExp, string][]} */
const SYSTEMS = [
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b|\bMacintosh\b/, "macOS"],
  [/\bLinux\b|\bX11\b/, "Linux"],
];

/**
 * @param {string} userAgent
 * @returns {{program: string, system: string, isPhone: boolean}} Empty texts for what is unknown.
 */
export function deviceOf(userAgent) {
  const find = (/** @type {typeof PROGRAMS} */ known) => known.find(([sign]) => sign.test(userAgent))?.[1] ?? "";
  const [, tool = ""] = /^([\w.-]{2,40})(?:[/ ]|$)/.exec(userAgent) ?? [];
  return {
    program: find(PROGRAMS) || (tool === "Mozilla" ? "" : tool),
    system: find(SYSTEMS),
    isPhone: /\bAndroid\b|\biPhone\b|\biPad\b/.test(userAgent),
  };
}
