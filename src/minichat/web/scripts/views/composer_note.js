/**
 * What the composer says below the field: how many characters are left, how long to wait, why something was not done.
 *
 * @typedef {import("../app.js").App} App
 */
import {writableAt} from "../store/cooldowns.js";
import {draftOf} from "../store/drafts.js";
import {contentOf, lengthOf} from "../text/composing.js";
import {t} from "../texts/texts.js";
import {h, setText} from "../ui/dom.js";

const COUNTED_BELOW = 200;
const SECOND_MS = 1_000;
const OTHERWISE_LIMIT = 4_000;

/**
 * @param {App} app
 * @param {number} room
 * @param {AbortSignal} signal
 */
export function composerNote(app, room, signal) {
  const {store} = app;
  const text = h("span", null);
  const alert = h("span", {role: "alert"});
  const element = h("p", {class: "composer-note", id: `composer-note-${room}`, hidden: true}, text, alert);
  const counter = h("span", {class: "composer-count", "aria-hidden": "true", hidden: true});
  let problem = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  signal.addEventListener("abort", () => clearTimeout(timer));

  const limit = () => store.get().info?.limits.content ?? OTHERWISE_LIMIT;

  function show() {
    clearTimeout(timer);
    const state = store.get();
    const draft = draftOf(state, room);
    const left = limit() - lengthOf(contentOf(draft.text));
    counter.hidden = left >= COUNTED_BELOW;
    setText(counter, counter.hidden ? "" : String(left));
    counter.classList.toggle("is-over", left < 0);
    const now = Date.now();
    const waitMs = draft.editing === null ? writableAt(state, room, now) - now : 0;
    if (waitMs > 0) timer = setTimeout(show, waitMs % SECOND_MS || SECOND_MS);
    const tooLong = left < 0 ? t("composer.too_long", {count: -left}) : "";
    const wait = waitMs > 0 ? t("composer.cooldown", {count: Math.ceil(waitMs / SECOND_MS)}) : "";
    const refused = state.outbox.find((entry) => entry.room === room && entry.code === "cannot_message");
    setText(alert, problem || tooLong);
    setText(text, problem || tooLong ? "" : wait || refused?.problem || "");
    element.hidden = (text.textContent ?? "") + (alert.textContent ?? "") === "";
    element.classList.toggle("is-problem", alert.textContent !== "");
  }

  store.watch((state) => state.drafts.get(room), show, signal);
  store.watch((state) => state.cooldowns.get(room), show, signal);
  store.watch((state) => state.rooms.get(room)?.cooldown, show, signal);
  store.watch((state) => state.histories.get(room), show, signal);
  store.watch((state) => state.outbox, show, signal);

  return {
    element,
    counter,
    limit,
    /** Say what went wrong. Empty if nothing did. @param {string} sentence */
    setProblem(sentence) {
      if (problem === sentence) return;
      problem = sentence;
      show();
    },
    /** The user has tried to send in spite of the note: point at it. */
    insist() {
      element.classList.remove("is-insisting");
      void element.offsetWidth; // begin the animation again
      element.classList.add("is-insisting");
    },
  };
}
