/**
 * Short notices at the edge of the screen, for results and errors that belong to no field. A screen reader hears them.
 */
import {t} from "../texts/texts.js";
import {iconButton} from "./controls.js";
import {h} from "./dom.js";

const SHOWN_MS = 6_000;

/** @type {HTMLElement | null} */
let region = null;

/**
 * @param {string} text
 * @param {{isProblem?: boolean, action?: {label: string, run: () => void}}} [how]
 */
export function toast(text, {isProblem = false, action} = {}) {
  region ??= h("div", {class: "toasts", role: "status", popover: "manual"});
  place(region);
  const element = h(
    "div",
    {class: isProblem ? "toast is-problem" : "toast"},
    h("span", {class: "toast-text"}, text),
    action &&
      h(
        "button",
        {
          type: "button",
          class: "toast-action",
          onclick() {
            remove();
            action.run();
          },
        },
        action.label,
      ),
    iconButton("close", t("app.close"), remove),
  );
  let timer = setTimeout(remove, SHOWN_MS);
  element.addEventListener("pointerenter", () => clearTimeout(timer));
  element.addEventListener("pointerleave", () => (timer = setTimeout(remove, SHOWN_MS)));

  function remove() {
    clearTimeout(timer);
    element.remove();
  }
  region.append(element);
}

/**
 * Put the notices above everything, into the uppermost dialog: what is outside of it can be neither heard nor pressed.
 * @param {HTMLElement} notices
 */
function place(notices) {
  const host = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (notices.parentElement !== host) host.append(notices);
  else notices.hidePopover();
  notices.showPopover();
}

/** A dialog has closed: the notices in it stay on the screen. */
export function keepToasts() {
  if (region?.isConnected) place(region);
}
