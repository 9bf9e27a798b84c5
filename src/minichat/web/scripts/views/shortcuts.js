/**
 * Keys that work everywhere in the chat: Ctrl+K (or ⌘K) opens the quick switcher, Alt+Up and Alt+Down go to the room above
 * or below, Escape leaves a page that is no room, and a character goes into the composer.
 *
 * @typedef {import("../app.js").App} App
 */
import {go} from "../router.js";
import {roomsInOrder} from "../store/rooms.js";
import {pageBefore} from "../store/state.js";
import {later} from "../ui/later.js";
import {focusComposer} from "./composer.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function shortcuts(app, signal) {
  addEventListener(
    "keydown",
    (event) => {
      const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
      const isMove = event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
      if (isCommand && event.code === "KeyK") void openSwitcher(app);
      else if (isMove && event.key === "ArrowUp" && !document.querySelector("dialog[open]")) move(app, -1);
      else if (isMove && event.key === "ArrowDown" && !document.querySelector("dialog[open]")) move(app, 1);
      else {
        if (event.key === "Escape" && mayLeave(event)) leavePage(app);
        return;
      }
      event.preventDefault();
    },
    {signal},
  );
  // The character follows the focus.
  addEventListener("keydown", (event) => isCharacter(event) && isBeside(event.target) && focusComposer(), {signal});
}

/** @param {App} app */
export async function openSwitcher(app) {
  const dialog = await later(() => import("./dialogs/switcher.js"));
  await dialog?.openSwitcher(app);
}

/**
 * @param {App} app
 * @param {number} step
 */
function move(app, step) {
  const {rooms, route} = app.store.get();
  const all = roomsInOrder(rooms);
  const place = route.page === "room" ? all.findIndex(({id}) => id === route.room) : step > 0 ? -1 : all.length;
  const next = all[place + step];
  if (next) go({page: "room", room: next.id});
}

/** Whether the key types a character. The space bar scrolls. @param {KeyboardEvent} event */
export function isCharacter({key, ctrlKey, metaKey, altKey, isComposing}) {
  return key.length === 1 && key !== " " && !ctrlKey && !metaKey && !altKey && !isComposing;
}

/** Whether a key belongs to nothing on the page: no field, control, dialog or menu. @param {EventTarget | null} target */
function isBeside(target) {
  return target instanceof Element && target.matches("body, main, .scroller, article");
}

/**
 * Escape first closes what is above the page, and no text is lost: only an empty search lets it pass.
 * @param {KeyboardEvent} event
 */
function mayLeave({defaultPrevented, isComposing, target}) {
  const isField = target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;
  const isText = isField && !["radio", "checkbox"].includes(target.type);
  const isWritten = isText && (target.type !== "search" || target.value !== "");
  return !defaultPrevented && !isComposing && !isWritten && !document.querySelector("dialog[open], [role=menu]");
}

/** @param {App} app */
function leavePage(app) {
  const state = app.store.get();
  const {route} = state;
  if (route.page === "search" && route.room !== undefined) go({page: "room", room: route.room});
  else if (["search", "mentions", "settings"].includes(route.page)) go(pageBefore(state));
}
