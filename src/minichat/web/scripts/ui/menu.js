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
 * @param {{point?: {x: number, y: number}, signal?: AbortSignal}} [how] `point`: open there instead of at the anchor.
 */
export function openMenu(anchor, items, {point, signal} = {}) {
  closeOpen?.();
  const end = new AbortController();
  const rows = items.filter((item) => item !== null && item !== false);
  const menu = h("div", {class: "menu", role: "menu", tabindex: -1, popover: "manual"});

  function close({isFocusKept = false} = {}) {
    if (closeOpen === closeThis) closeOpen = null;
    end.abort();
    menu.remove();
    anchor.setAttribute("aria-expanded", "false");
    if (!isFocusKept) anchor.focus({preventScroll: true});
  }
  const closeThis = () => close({isFocusKept: true});
  closeOpen = closeThis;

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
          onclick() {
            close();
            run();
          },
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

  const buttons = /** @type {HTMLElement[]} */ ([...menu.children]);
  menu.addEventListener("keydown", (event) => {
    const place = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const last = buttons.length - 1;
    const moves = /** @type {Record<string, number>} */ ({
      ArrowDown: place < last ? place + 1 : 0,
      ArrowUp: place > 0 ? place - 1 : last,
      Home: 0,
      End: last,
    });
    if (event.key in moves) buttons[moves[event.key]]?.focus();
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
  anchor.setAttribute("aria-expanded", "true");
  buttons[0]?.focus({preventScroll: true});
  addEventListener("pointerdown", (event) => !menu.contains(/** @type {Node} */ (event.target)) && closeThis(), {
    signal: end.signal,
    capture: true,
  });
  addEventListener("resize", closeThis, {signal: end.signal});
  signal?.addEventListener("abort", closeThis, {signal: end.signal});
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
