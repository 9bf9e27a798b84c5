/**
 * The messages of an open room. It stays at the end while new messages arrive, loads earlier ones at the top, and marks as
 * read what the user can see.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/timeline.js").Row} Row
 */
import {markRead} from "../actions/reading.js";
import {hasOlder, loadOlder} from "../actions/rooms.js";
import {historyOf, runAround} from "../store/messages.js";
import {entriesOf} from "../store/outbox.js";
import {memo} from "../store/store.js";
import {rowsOf} from "../store/timeline.js";
import {t} from "../texts/texts.js";
import {h, keyedList} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {timelineRow} from "./message.js";

const NEAR_PX = 80;
const LOAD_AT_PX = 600;

/**
 * @param {App} app
 * @param {number} room
 * @param {AbortSignal} signal
 */
export function messageList(app, room, signal) {
  const {store} = app;
  const me = store.get().account?.id;
  const list = h("div", {class: "timeline"});
  const empty = h(
    "div",
    {class: "blank timeline-empty", hidden: true},
    h("div", {class: "blank-sign"}, icon("chat")),
    h("p", null, t("messages.empty")),
    h("p", {class: "quiet"}, t("messages.empty_hint")),
  );
  const name = store.get().rooms.get(room)?.name ?? "";
  const scroller = h(
    "div",
    {class: "scroller", tabindex: 0, role: "region", "aria-label": t("messages.label", {name})},
    empty,
    list,
  );
  let isAtEnd = true;

  const showRows = keyedList({
    parent: list,
    key: (/** @type {Row} */ row) => row.key,
    make: (row, end) => timelineRow(app, row, end),
    signal,
  });
  const rows = memo(
    (
      /** @type {readonly import("../api/types.js").Message[]} */ messages,
      /** @type {import("../store/state.js").State["outbox"]} */ outbox,
    ) => rowsOf(runAround(messages, null), entriesOf(outbox, room), me),
  );

  function show() {
    const state = store.get();
    const before = scroller.scrollHeight - scroller.scrollTop;
    const all = rows(historyOf(state, room).messages, state.outbox);
    showRows(all);
    empty.hidden = all.length > 0 || !state.histories.has(room);
    scroller.scrollTop = isAtEnd ? scroller.scrollHeight : scroller.scrollHeight - before;
    see();
  }

  function see() {
    isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX;
    const state = store.get();
    const run = runAround(historyOf(state, room).messages, null);
    const last = run.at(-1);
    if (last && isAtEnd && document.visibilityState === "visible" && document.hasFocus())
      void markRead(app, room, last.seq);
    const first = run[0];
    if (first && scroller.scrollTop < LOAD_AT_PX && hasOlder(state, room, first.seq)) {
      loadOlder(app, room, first.seq).catch(() => {}); // scrolling on tries again
    }
  }

  scroller.addEventListener("scroll", see, {signal, passive: true});
  addEventListener("focus", see, {signal});
  document.addEventListener("visibilitychange", see, {signal});
  const sizes = new ResizeObserver(() => {
    if (isAtEnd) scroller.scrollTop = scroller.scrollHeight;
  });
  sizes.observe(scroller);
  sizes.observe(list);
  signal.addEventListener("abort", () => sizes.disconnect());
  store.watch((state) => state.histories.get(room), show, signal);
  store.watch((state) => state.outbox, show, signal);
  return scroller;
}
