/**
 * The emoji picker in a popover beside the button that opens it; on a phone, at the lower edge of the screen.
 *
 * @typedef {import("../app.js").App} App
 */
import {t} from "../texts/texts.js";
import {h} from "../ui/dom.js";
import {focusReturn, place} from "../ui/menu.js";
import {emojiPicker} from "./emoji_picker.js";

/** @type {{anchor: HTMLElement, close: () => void} | null} */
let open = null;

/**
 * Open the picker, or close it if it is open at this button. It closes on Escape, on a press outside, and after the choice.
 * @param {App} app
 * @param {HTMLElement} anchor Gets the focus back.
 * @param {{onPick: (emoji: string) => void}} how
 * @param {AbortSignal} signal
 */
export function openEmojiPicker(app, anchor, {onPick}, signal) {
  const isOpenHere = open?.anchor === anchor;
  open?.close();
  if (isOpenHere) return;
  const end = new AbortController();
  const returnFocus = focusReturn(anchor);
  const picker = emojiPicker(
    app,
    {
      onPick(emoji) {
        close();
        onPick(emoji);
      },
    },
    end.signal,
  );
  const element = h(
    "div",
    {class: "emoji-popover", popover: "manual", role: "dialog", "aria-label": t("emoji.title")},
    picker,
  );

  function close({isFocusKept = false} = {}) {
    if (end.signal.aborted) return;
    open = null;
    end.abort();
    element.remove();
    if (anchor.hasAttribute("aria-haspopup")) anchor.setAttribute("aria-expanded", "false");
    if (!isFocusKept) returnFocus();
  }
  const closeThis = () => close({isFocusKept: true});
  open = {anchor, close: closeThis};

  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close();
  });
  element.addEventListener("focusout", ({relatedTarget}) => {
    if (relatedTarget instanceof Node && !element.contains(relatedTarget) && relatedTarget !== anchor) closeThis();
  });
  (anchor.closest("dialog") ?? document.body).append(element);
  element.showPopover();
  const fit = () => place(element, anchor.getBoundingClientRect());
  fit();
  if (anchor.hasAttribute("aria-haspopup")) anchor.setAttribute("aria-expanded", "true");
  // A field would open the keyboard of a phone.
  const first = picker.querySelector(matchMedia("(pointer: coarse)").matches ? "button" : "input");
  first?.focus({preventScroll: true});
  addEventListener(
    "pointerdown",
    (event) => {
      const target = /** @type {Node} */ (event.target);
      if (!element.contains(target) && !anchor.contains(target)) closeThis();
    },
    {signal: end.signal, capture: true},
  );
  // A phone's keyboard goes when the focus leaves the composer.
  const sizes = new ResizeObserver(fit);
  sizes.observe(anchor.closest(".app") ?? anchor);
  end.signal.addEventListener("abort", () => sizes.disconnect());
  signal.addEventListener("abort", closeThis, {signal: end.signal});
}
