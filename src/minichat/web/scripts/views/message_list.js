/**
 * The messages of an open room: which of them are shown and where the view begins, jumps to a message, and loading at
 * both edges. `ui/window_list.js` keeps the view still, `message.js` draws a row.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").State} State
 * @typedef {import("../store/state.js").Message} Message
 * @typedef {import("../store/timeline.js").Row} Row
 */
import {problemText} from "../actions/problems.js";
import {markRead} from "../actions/reading.js";
import {hasNewer, openNewest, openRoom} from "../actions/rooms.js";
import {historyOf, messageAt, messageById, putPlace, runAround} from "../store/messages.js";
import {entriesOf, rowKey} from "../store/outbox.js";
import {memo} from "../store/store.js";
import {makeTimeline, UNREAD} from "../store/timeline.js";
import {t} from "../texts/texts.js";
import {h} from "../ui/dom.js";
import {showTarget} from "../ui/target.js";
import {toast} from "../ui/toast.js";
import {windowList} from "../ui/window_list.js";
import {watchAttention} from "./attention.js";
import {emptyRoom} from "./empty_room.js";
import {laterControls} from "./later_controls.js";
import {listEdges} from "./list_edges.js";
import {newestButton} from "./newest_button.js";
import {newsForScreenReaders} from "./spoken_news.js";
import {timelineRow} from "./timeline_row.js";

const DIVIDER_TOP_PX = 72;

class NotThere extends Error {}

/**
 * @param {App} app
 * @param {number} room
 * @param {AbortSignal} signal
 */
export function messageList(app, room, signal) {
  const {store} = app;
  const me = store.get().account?.id;
  /** Follow the newest messages (null), or show those around this one. @type {{seq: number, message: number} | null} */
  let center = null;
  /** Messages after this seq were new when the user came. @type {number | null} */
  let unreadAfter = null;
  /** @type {readonly Row[]} */
  let shownRows = [];
  let isOpened = false;
  let isJumping = false;
  let isUnseen = false;
  let isLineOld = false; // the user has read what is below the line of the unread messages
  /** Where the user was before they followed a quote. @type {{seq: number, message: number, key: string}[]} */
  let trail = [];

  const edges = listEdges(app, room, () => !signal.aborted && onView());
  const content = h("div", {class: "timeline"});
  const known = store.get().rooms.get(room);
  const empty = emptyRoom(known);
  const name = known?.name ?? "";
  const scroller = h(
    "div",
    {class: "scroller", tabindex: 0, role: "region", "aria-label": t("messages.label", {name})},
    edges.lead,
    empty,
    content,
    edges.tail,
  );
  const list = windowList({
    scroller,
    list: content,
    key: (/** @type {Row} */ row) => row.key,
    make: (row, end) => timelineRow(app, row, {room, jump: follow, settle: (...part) => controls.settle(...part)}, end),
    isSteady: ({kind}) => kind !== "day" && kind !== "unread", // the day moves up when older messages load
    onView,
    signal,
  });
  const controls = laterControls(
    app,
    {
      scroller,
      rows: () => shownRows,
      keyAt: list.keyAt,
      element: list.element,
      reveal: list.reveal,
      lastInView: () => list.inView().findLast(({item}) => item.kind !== "day" && item.kind !== "unread")?.item.key,
    },
    signal,
  );
  const newest = newestButton(app, room, toNewest, signal);
  const timeline = makeTimeline(me);
  const rows = memo(
    (
      /** @type {readonly Message[]} */ run,
      /** @type {State["outbox"]} */ outbox,
      /** @type {boolean} */ isNewest,
      /** @type {number | null} */ after,
    ) => timeline(run, isNewest ? entriesOf(outbox, room) : [], after),
  );
  const runOf = memo((/** @type {readonly Message[]} */ messages, /** @type {number | null} */ seq) =>
    runAround(messages, seq),
  );

  function run() {
    const {messages} = historyOf(store.get(), room);
    const shown = runOf(messages, center?.seq ?? null);
    return {shown, isNewest: shown.at(-1) === messages.at(-1) && !hasNewer(store.get(), room, shown.at(-1)?.seq ?? 0)};
  }

  /** @param {import("../ui/window_list.js").Target} [target] What the view shows. Without one it stays. */
  function show(target) {
    const state = store.get();
    const history = state.histories.get(room);
    if (!history) return; // what is on the screen stays until it is loaded again
    if (!isOpened) return open();
    if (isJumping && shownRows.length === 0) return;
    if (center !== null && !messageById(state, room, center.message)) return void returnTo(center.message);
    const {shown, isNewest} = run();
    shownRows = rows(shown, state.outbox, isNewest, unreadAfter);
    empty.hidden = shownRows.length > 0;
    edges.show(shown);
    list.show(shownRows, {follows: isNewest, target});
  }

  /** Begin where the address says, where the user was, at the first unread message, or at the end. */
  function open() {
    isOpened = true;
    const {rooms, route, places} = store.get();
    const known = rooms.get(room);
    if (known && known.unread_count > 0) unreadAfter = known.last_read_seq;
    const wanted = route.page === "room" ? route.message : undefined;
    const place = places.get(room);
    if (wanted !== undefined) {
      isJumping = true;
      queueMicrotask(() => void jump(wanted)); // when the list is in the page
    } else if (place && messageById(store.get(), room, place.message)) {
      center = place;
      show(place);
    } else if (unreadAfter !== null) void toUnread(unreadAfter + 1);
    else if (run().isNewest) show();
    else void toNewest(); // what is known was loaded for another place
  }

  /** @param {number} seq The first unread one. */
  async function toUnread(seq) {
    isJumping = true;
    if (!messageAt(store.get(), room, seq)) await openRoom(app, room).catch(() => false);
    isJumping = false;
    const first = messageAt(store.get(), room, seq);
    center = first ? {seq, message: first.id} : null;
    if (!signal.aborted) show({key: UNREAD.key, offset: DIVIDER_TOP_PX});
  }

  /** Show a message that may be far from what is loaded. @param {number} id */
  async function jump(id) {
    try {
      if (!messageById(store.get(), room, id)) {
        scroller.setAttribute("aria-busy", "true");
        await openRoom(app, room, id);
      }
      if (signal.aborted) return;
      isJumping = false;
      const message = messageById(store.get(), room, id);
      if (!message) throw new NotThere();
      center = {seq: message.seq, message: id};
      const key = rowKey(message, me);
      show({key});
      showTarget(list.element(key));
    } catch (error) {
      isJumping = false;
      show();
      toast(error instanceof NotThere ? t("messages.not_found") : problemText(error), {isProblem: true});
    } finally {
      scroller.removeAttribute("aria-busy");
    }
  }

  /** Follow a quote: the button at the end leads back. @param {number} id @param {Message} from */
  function follow(id, from) {
    trail.push({seq: from.seq, message: from.id, key: rowKey(from, me)});
    newest.update({isAway: true});
    void jump(id);
  }

  /** All messages were dropped: load those that the user was looking at. @param {number} message */
  async function returnTo(message) {
    center = null;
    await openRoom(app, room, message).catch(() => false);
    const again = messageById(store.get(), room, message);
    if (signal.aborted) return;
    center = again ? {seq: again.seq, message} : null;
    show();
  }

  async function toNewest() {
    const before = trail.pop();
    if (before && messageById(store.get(), room, before.message)) return void jump(before.message);
    center = null;
    if (!run().isNewest) await openNewest(app, room).catch((error) => toast(problemText(error), {isProblem: true}));
    if (signal.aborted) return;
    center = null; // another page may have come meanwhile
    show();
    list.scrollToEnd();
    newest.element.blur();
  }

  function onView() {
    const {shown, isNewest} = run();
    const seen = list.inView();
    const first = seen.find(({item}) => item.kind === "message")?.item;
    const isAtEnd = list.isAtEnd() && isNewest;
    if (isAtEnd) trail = [];
    if (first?.kind === "message") {
      center = isAtEnd ? null : {seq: first.message.seq, message: first.message.id};
    }
    newest.update({isAway: !isAtEnd && seen.length > 0});
    read(seen);
    edges.look(
      shown,
      seen.flatMap(({item}) => (item.kind === "message" ? [item.message] : [])),
    );
  }

  /** @param {ReturnType<typeof list.inView>} seen */
  function read(seen) {
    if (isUnseen) return;
    const height = scroller.clientHeight;
    let seq = 0;
    for (const {item, top, bottom} of seen) {
      if (item.kind === "message" && (bottom <= height + 8 || top < height / 2)) seq = item.message.seq;
    }
    if (seq > 0) void markRead(app, room, seq);
  }

  /** Messages that arrive while the user looks elsewhere are new when they return. @param {boolean} isLooking */
  function setLooking(isLooking) {
    if (!isLooking && !isUnseen) isLineOld = store.get().rooms.get(room)?.unread_count === 0;
    isUnseen = !isLooking;
    if (isLooking) onView();
  }

  store.watch(
    (state) => state.histories.get(room),
    () => show(),
    signal,
  );
  store.watch(
    (state) => entriesOf(state.outbox, room).length,
    (count, before = count) => {
      if (count > before && isOpened) {
        unreadAfter = null;
        trail = [];
        void toNewest(); // what the user sends is at the end
      } else show();
    },
    signal,
  );
  store.watch(
    (state) => state.outbox,
    () => show(),
    signal,
  );
  store.watch(
    (state) => state.rooms.get(room)?.unread_count ?? 0,
    (count) => {
      const known = store.get().rooms.get(room);
      if (!isUnseen || (unreadAfter !== null && !isLineOld) || count === 0 || !known) return;
      isLineOld = false;
      unreadAfter = known.last_read_seq;
      show();
    },
    signal,
  );
  store.watch(
    (state) => state.route,
    (route, before) => {
      if (before && isOpened && route.page === "room" && route.room === room && route.message !== undefined) {
        void jump(route.message);
      }
    },
    signal,
  );
  watchAttention(app, setLooking, signal);
  signal.addEventListener("abort", () => {
    const anchor = list.anchor();
    const place = center && anchor ? {...center, ...anchor} : null;
    store.update((state) => putPlace(state, room, place));
  });
  return h("div", {class: "messages"}, scroller, newest.element, newsForScreenReaders(app, room, signal));
}
