/**
 * A block of code: its language, and a button that copies it.
 */
import {t} from "../texts/texts.js";
import {fill, h, setAttributes} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {copyText} from "./copying.js";

const SHOWN_MS = 2_000;

/** @param {{text: string, language: string}} block */
export function codeBlock({text, language}) {
  const heard = h("span", {class: "only-heard", role: "status"});
  const button = h("button", {type: "button", class: "code-copy", onclick});
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  async function onclick() {
    clearTimeout(timer);
    const isCopied = await copyText(text);
    show(isCopied ? "check" : "warning", t(isCopied ? "code.copied" : "code.not_copied"));
    fill(heard, button.title);
    timer = setTimeout(() => show("copy", t("code.copy")), SHOWN_MS);
  }

  /** @param {import("../ui/icons.js").IconName} sign @param {string} label */
  function show(sign, label) {
    fill(button, icon(sign));
    setAttributes(button, {"aria-label": label, title: label});
  }

  show("copy", t("code.copy"));
  return h(
    "figure",
    {class: "code-block"},
    h("figcaption", {class: "code-head"}, h("span", {class: "code-language"}, language), heard, button),
    h("pre", {tabindex: 0, dir: "ltr"}, h("code", null, text)),
  );
}
