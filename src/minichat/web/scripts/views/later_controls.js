/**
 * Loads the controls of messages when the user first moves the pointer, touches the screen or presses a key: the first
 * load does not wait for them.
 *
 * @typedef {import("../app.js").App} App
 */
import {later} from "../ui/later.js";
import {isCharacter} from "./shortcuts.js";

/** Long code stays within Tab's reach: arrow keys scroll it sideways. */
const CONTROLS = ":is(a, button, [tabindex]):not([aria-hidden], pre)";

/**
 * Let Tab reach a row and the controls in it, or not.
 * @param {HTMLElement} row
 * @param {boolean} isReached
 */
function setReached(row, isReached) {
  for (const control of row.querySelectorAll(CONTROLS)) {
    /** @type {HTMLElement} */ (control).tabIndex = isReached ? 0 : -1;
  }
  row.tabIndex = isReached ? 0 : -1;
}

/**
 * @param {App} app
 * @param {import("./message_controls.js").ListOfControls} list
 * @param {AbortSignal} signal
 */
export function laterControls(app, list, signal) {
  /** @type {ReturnType<typeof import("./message_controls.js").messageControls> | null} */
  let controls = null;
  const used = new AbortController();

  /** What came first, and must not be lost. @type {Event | null} */
  let early = null;

  async function load() {
    used.abort();
    if (!navigator.onLine) {
      // The user has asked for nothing yet, so there is nothing to report.
      addEventListener("online", () => void load(), {signal, once: true});
      return;
    }
    const loaded = await later(() => import("./message_controls.js"));
    if (!loaded || signal.aborted) return;
    controls = loaded.messageControls(app, list, setReached, signal);
    if (early) early.target?.dispatchEvent(Reflect.construct(early.constructor, [early.type, early]));
    early = null;
  }

  for (const type of ["pointermove", "pointerdown", "keydown"]) {
    addEventListener(type, () => void load(), {signal: AbortSignal.any([signal, used.signal]), capture: true});
  }
  for (const type of ["pointerdown", "contextmenu", "keydown"]) {
    list.scroller.addEventListener(type, keep, {signal});
  }

  for (const type of ["pointerup", "pointercancel"]) {
    list.scroller.addEventListener(
      type,
      () => {
        if (early?.type === "pointerdown") early = null; // no long press
      },
      {signal},
    );
  }

  /** @param {Event} event */
  function keep(event) {
    if (controls) return;
    // A character needs no controls, and Escape closes a menu that has not opened yet.
    const isOver = event instanceof KeyboardEvent && (isCharacter(event) || (event.key === "Escape" && early !== null));
    early = isOver ? null : event;
    if (event.type === "contextmenu") event.preventDefault();
  }

  return {
    /** A row was made or has changed. @param {HTMLElement} row @param {string} key */
    settle(row, key) {
      setReached(row, controls?.isCurrent(key) === true);
    },
  };
}
