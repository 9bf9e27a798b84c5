/**
 * Ways to a message with pointer, finger and keyboard: the toolbar of the message under the pointer or with the focus, the
 * menu, and arrow keys that move among the messages. Only the controls within the current message can be reached with Tab.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Message} Message
 * @typedef {import("../store/timeline.js").Row} Row
 */
import {permissionsOn} from "../store/permissions.js";
import {t} from "../texts/texts.js";
import {iconButton} from "../ui/controls.js";
import {h} from "../ui/dom.js";
import {later} from "../ui/later.js";
import {focusComposer} from "./composer.js";
import {openMessageMenu, reply} from "./message_menu.js";
import {reactTo} from "./reactions.js";

const LONG_PRESS_MS = 450;
const STEADY_PX = 10;

/**
 * @typedef {object} ListOfControls
 * @property {HTMLElement} scroller
 * @property {() => readonly Row[]} rows
 * @property {(element: Element) => string | undefined} keyAt
 * @property {(key: string) => HTMLElement | undefined} element
 * @property {(key: string) => void} reveal Bring a row into the view.
 * @property {() => string | undefined} lastInView
 */

/**
 * @param {App} app
 * @param {ListOfControls} list
 * @param {(row: HTMLElement, isReached: boolean) => void} setReached Lets Tab reach a row and the controls in it, or not.
 * @param {AbortSignal} signal
 */
export function messageControls(app, {scroller, rows, keyAt, element, reveal, lastInView}, setReached, signal) {
  let current = "";
  const react = iconButton("smile", t("messages.react"), () => withMessage((message) => pickEmoji(message, react)), {
    "aria-haspopup": "dialog",
  });
  const answer = iconButton("reply", t("messages.reply"), () => withMessage((message) => reply(app, message)));
  const more = iconButton("more", t("messages.menu"), () => openMenu(more), {"aria-haspopup": "menu"});
  const toolbar = h("div", {class: "message-toolbar", role: "group", "aria-label": t("messages.actions")});
  toolbar.append(react, answer, more);
  /** As high as the message, so that the toolbar stays in view beside a long one. */
  const side = h("div", {class: "message-side"}, toolbar);

  /** @param {string | undefined} key */
  function messageOf(key) {
    const row = rows().find((one) => one.key === key);
    return row?.kind === "message" ? row.message : undefined;
  }

  /** @param {(message: Message) => void} run */
  function withMessage(run) {
    const message = messageOf(keyAt(toolbar));
    if (message) run(message);
  }

  /** @param {Message} message @param {HTMLElement} anchor */
  async function pickEmoji(message, anchor) {
    const picker = await later(() => import("./emoji_popover.js"));
    picker?.openEmojiPicker(app, anchor, {onPick: (emoji) => void reactTo(app, message, emoji)}, signal);
  }

  /**
   * @param {HTMLElement} anchor
   * @param {{x: number, y: number}} [point]
   */
  function openMenu(anchor, point) {
    const message = messageOf(keyAt(anchor));
    if (!message) return;
    const pick = () => void pickEmoji(message, anchor);
    openMessageMenu(app, message, {anchor, point, pickEmoji: pick, signal});
  }

  /** Show the toolbar at a message. @param {HTMLElement} row */
  function showToolbar(row) {
    const message = messageOf(keyAt(row));
    const state = app.store.get();
    const room = message && state.rooms.get(message.room);
    const place = row.querySelector(".message-main");
    if (!message || !room || message.is_deleted || !place) return side.remove();
    const may = permissionsOn(state, room, message);
    react.hidden = !may.react;
    answer.hidden = !may.reply;
    if (side.parentElement !== place) place.append(side);
  }

  /** @param {HTMLElement} row */
  function setCurrent(row) {
    const key = keyAt(row);
    if (key === undefined) return;
    const before = element(current);
    if (before && before !== row) setReached(before, false);
    current = key;
    if (!isTouched) showToolbar(row);
    setReached(row, true);
  }

  /** @param {string | undefined} key */
  function focusRow(key) {
    if (key === undefined) return;
    reveal(key);
    element(key)?.focus({preventScroll: true});
  }

  /** The next row with a message. @param {number} step */
  function neighbour(step) {
    const all = rows();
    let at = all.findIndex(({key}) => key === current);
    if (at < 0 || !element(current)?.contains(document.activeElement)) return lastInView();
    do at += step;
    while (all[at]?.kind === "day" || all[at]?.kind === "unread");
    return all[at]?.key;
  }

  /** What a key does within the list. @type {Record<string, () => void>} */
  const moves = {
    ArrowUp: () => focusRow(neighbour(-1)),
    ArrowDown: () => focusRow(neighbour(1)),
    Home: () => focusRow(rows().find(({kind}) => kind === "message")?.key),
    End: () => focusRow(rows().at(-1)?.key),
    Escape: focusComposer,
  };

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    [isTouched, isPressLong] = [false, false];
    const target = /** @type {HTMLElement} */ (event.target);
    const row = rowOf(target);
    const hasModifier = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
    const isMenu = event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey);
    if (row && (isMenu || (event.key === "Enter" && target === row && !hasModifier))) openMenu(row, below(row));
    else if (!hasModifier && event.key in moves) moves[event.key]();
    else return;
    event.preventDefault();
  }

  /** @param {HTMLElement} row */
  function below(row) {
    const {left, bottom} = (row.querySelector(".bubble") ?? row).getBoundingClientRect();
    return {x: left, y: Math.min(bottom, scroller.getBoundingClientRect().bottom)};
  }

  /** @param {MouseEvent} event */
  function oncontextmenu(event) {
    const target = /** @type {Element} */ (event.target);
    const row = rowOf(target);
    const hasOwn = target.closest("a, pre") || String(getSelection()) !== "";
    if (!row || !messageOf(keyAt(row)) || (hasOwn && !isTouched)) return;
    event.preventDefault();
    isPressLong = isTouched || /** @type {PointerEvent} */ (event).pointerType === "touch";
    openMenu(row, {x: event.clientX, y: event.clientY});
  }

  let isTouched = false;
  let isPressLong = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let press;
  let [pressX, pressY] = [0, 0];
  /** iOS has no event for a long press. @param {PointerEvent} event */
  function onpointerdown(event) {
    isTouched = event.pointerType === "touch";
    isPressLong = false;
    clearTimeout(press);
    const row = rowOf(event.target);
    if (!isTouched || !row) return;
    [pressX, pressY] = [event.clientX, event.clientY];
    press = setTimeout(() => {
      isPressLong = true;
      openMenu(row, {x: pressX, y: pressY});
    }, LONG_PRESS_MS);
  }
  /** @param {PointerEvent} event */
  function onpointermove(event) {
    if (Math.hypot(event.clientX - pressX, event.clientY - pressY) > STEADY_PX) clearTimeout(press);
  }
  const endPress = () => clearTimeout(press);

  /** @param {PointerEvent} event */
  function onpointerover(event) {
    if (event.pointerType === "touch") return;
    const row = rowOf(event.target);
    if (row) showToolbar(row);
  }

  /** The end of a long press is no click on what lies below the finger. @param {Event} event */
  function onclick(event) {
    if (!isPressLong) return;
    event.preventDefault();
    event.stopPropagation();
  }

  scroller.addEventListener("click", onclick, {signal, capture: true});
  scroller.addEventListener("keydown", onkeydown, {signal});
  scroller.addEventListener("contextmenu", oncontextmenu, {signal});
  scroller.addEventListener("pointerdown", onpointerdown, {signal});
  scroller.addEventListener("pointermove", onpointermove, {signal, passive: true});
  for (const end of ["pointerup", "pointercancel", "scroll"]) scroller.addEventListener(end, endPress, {signal});
  scroller.addEventListener("pointerover", onpointerover, {signal});
  scroller.addEventListener(
    "pointerleave",
    () => {
      const row = element(current);
      if (!isTouched && row?.contains(document.activeElement)) showToolbar(row);
      else side.remove();
    },
    {signal},
  );
  scroller.addEventListener(
    "focusin",
    (event) => {
      const row = rowOf(event.target);
      if (row) setCurrent(row);
    },
    {signal},
  );
  signal.addEventListener("abort", endPress);

  // What the user was doing while this module was loading.
  const hovered = scroller.querySelector("article:hover");
  const focused = rowOf(document.activeElement);
  if (hovered) showToolbar(/** @type {HTMLElement} */ (hovered));
  if (focused && scroller.contains(focused)) setCurrent(focused);

  return {
    /** @param {string} key */
    isCurrent: (key) => key === current,
  };
}

/** @param {EventTarget | null} target */
function rowOf(target) {
  return /** @type {HTMLElement | null} */ (target instanceof Element ? target.closest("article") : null);
}
