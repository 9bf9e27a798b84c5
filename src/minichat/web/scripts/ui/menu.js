/**
 * A menu that opens at a button or at the pointer. Arrow keys, Home, End and letters move; Escape and Tab close it and
 * return the focus.
 *
 * @typedef {object} MenuItem
 * @property {string} label
 * @property {() => void} run
 * @property {import("./icons.js").IconName} [sign]
 * @property {boolean} [isDangerous]
 * @property {boolean} [isChecked] Makes it a choice that is on or off.
 */
import {h} from "./dom.js";
import {icon} from "./icons.js";

/** @type {(() => void) | null} */
let closeOpen = null;

/**
 * @param {HTMLElement} anchor The button that opens it. Gets the focus back.
 * @param {readonly (MenuItem | null | false)[]} items Null and false are left out.
 * @param {object} [how]
 * @param {{x: number, y: number}} [how.point] Open there instead of at the anchor.
 * @param {readonly {label: string, text: string, isChecked?: boolean, run: () => void}[]} [how.head] Short choices, side by
 *   side above the others.
 * @param {AbortSignal} [how.signal]
 */
export function openMenu(anchor, items, {point, head = [], signal} = {}) {
  closeOpen?.();
  const end = new AbortController();
  const returnFocus = focusReturn(anchor);
  const rows = items.filter((item) => item !== null && item !== false);
  const menu = h("div", {class: "menu", role: "menu", tabindex: -1, popover: "manual"});

  function close({isFocusKept = false} = {}) {
    if (closeOpen === closeThis) closeOpen = null;
    end.abort();
    menu.remove();
    if (anchor.hasAttribute("aria-haspopup")) anchor.setAttribute("aria-expanded", "false");
    if (!isFocusKept) returnFocus();
  }
  const closeThis = () => close({isFocusKept: true});
  closeOpen = closeThis;

  /** @param {() => void} run */
  const choose = (run) => () => {
    close();
    run();
  };
  if (head.length > 0) {
    menu.append(
      h(
        "div",
        {class: "menu-head", role: "group"},
        head.map(({label, text, isChecked, run}) =>
          h(
            "button",
            {
              type: "button",
              class: "menu-short",
              role: "menuitemcheckbox",
              "aria-checked": isChecked === true,
              "aria-label": label,
              title: label,
              tabindex: -1,
              onclick: choose(run),
            },
            text,
          ),
        ),
      ),
    );
  }
  for (const {label, run, sign, isDangerous = false, isChecked} of rows) {
    menu.append(
      h(
        "button",
        {
          type: "button",
          class: isDangerous ? "menu-item is-dangerous" : "menu-item",
          role: isChecked === undefined ? "menuitem" : "menuitemcheckbox",
          "aria-checked": isChecked,
          tabindex: -1,
          onclick: choose(run),
        },
        sign
          ? icon(sign)
          : isChecked !== undefined
            ? h("span", {class: "menu-check"}, isChecked && icon("check"))
            : null,
        h("span", null, label),
      ),
    );
  }

  const buttons = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("button")]);
  menu.addEventListener("keydown", (event) => {
    const place = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = placeAfter(event.key, place, buttons.length, head.length);
    if (next !== undefined) buttons[next]?.focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else if (event.key.length === 1 && event.key !== " ") {
      const rest = [...buttons.slice(place + 1), ...buttons];
      rest.find((button) => button.textContent?.toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  (anchor.closest("dialog") ?? document.body).append(menu);
  menu.showPopover();
  place(menu, point ?? anchor.getBoundingClientRect());
  if (anchor.hasAttribute("aria-haspopup")) anchor.setAttribute("aria-expanded", "true");
  buttons[0]?.focus({preventScroll: true});
  addEventListener("pointerdown", (event) => !menu.contains(/** @type {Node} */ (event.target)) && closeThis(), {
    signal: end.signal,
    capture: true,
  });
  addEventListener("resize", closeThis, {signal: end.signal});
  signal?.addEventListener("abort", closeThis, {signal: end.signal});
}

/**
 * The place of the button that a key leads to. The first `short` buttons stand side by side.
 * @param {string} key
 * @param {number} place
 * @param {number} count
 * @param {number} short
 * @returns {number | undefined}
 */
function placeAfter(key, place, count, short) {
  const isShort = place >= 0 && place < short;
  const last = count - 1;
  switch (key) {
    case "Home":
      return 0;
    case "End":
      return last;
    case "ArrowDown":
      return isShort ? short : place < last ? place + 1 : 0;
    case "ArrowUp":
      return isShort || place <= 0 ? last : place === short ? 0 : place - 1;
    case "ArrowRight":
      return isShort ? (place + 1) % short : undefined;
    case "ArrowLeft":
      return isShort ? (place + short - 1) % short : undefined;
    default:
      return undefined;
  }
}

/**
 * Return a function that gives the focus back to an anchor, or to its row if the anchor has left that meanwhile. The
 * toolbar of a message follows the pointer.
 * @param {HTMLElement} anchor
 */
export function focusReturn(anchor) {
  const row = /** @type {HTMLElement | null | undefined} */ (anchor.parentElement?.closest("[tabindex]"));
  return () => (row && !row.contains(anchor) ? row : anchor).focus({preventScroll: true});
}

/**
 * Put the menu below the place, or above it if there is no room below, always within the window.
 * @param {HTMLElement} menu
 * @param {{x: number, y: number, width?: number, height?: number}} at
 */
export function place(menu, {x, y, width = 0, height = 0}) {
  const gap = 4;
  const size = menu.getBoundingClientRect();
  const below = y + height + gap;
  const top = below + size.height > innerHeight - gap ? y - size.height - gap : below;
  const left = x + size.width > innerWidth - gap ? x + width - size.width : x;
  menu.style.setProperty("top", `${Math.max(gap, Math.min(top, innerHeight - size.height - gap))}px`);
  menu.style.setProperty("left", `${Math.max(gap, Math.min(left, innerWidth - size.width - gap))}px`);
}
